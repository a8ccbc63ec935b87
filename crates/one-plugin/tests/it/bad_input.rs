//! What is wrong from outside: files, directories, input.

use std::os::unix::fs::PermissionsExt;

use crate::program::{Home, Ran, ran, skip};

fn fails(ran: &Ran, code: i32, tag: &str, says: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(ran.err.starts_with(&format!("error[{tag}]: ")), "{ran:?}");
    assert!(ran.err.contains(says), "`{says}` is not in {ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn a_damaged_store_is_said_and_left_as_it_is() {
    let whole = {
        let home = Home::new();
        home.ok("install notes");
        std::fs::read(home.path().join("one-plugin.sqlite")).unwrap()
    };
    let mut scrambled = whole.clone();
    for byte in scrambled.iter_mut().skip(100).take(8000) {
        *byte = byte.wrapping_mul(31).wrapping_add(7);
    }
    let cases: &[(&str, Vec<u8>)] = &[
        (
            "no database",
            b"this was never a database, whatever its name says. ".repeat(40),
        ),
        ("truncated", whole[..whole.len() / 3].to_vec()),
        ("scrambled", scrambled),
        ("half a header", whole[..50].to_vec()),
    ];
    for (name, bytes) in cases {
        let home = Home::new();
        std::fs::create_dir_all(home.path()).unwrap();
        let file = home.path().join("one-plugin.sqlite");
        std::fs::write(&file, bytes).unwrap();
        for line in ["list", "install notes", "audit"] {
            let ran = home.run(line);
            assert_eq!(ran.code, 7, "{name}: {ran:?}");
            fails(&ran, 7, "StoreCorrupt", "the store is damaged");
        }
        assert!(
            std::fs::read(&file).unwrap() == *bytes,
            "{name}: the file was changed"
        );
    }
}

#[test]
fn the_file_of_another_program_is_left_as_it_is() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).unwrap();
    let file = home.path().join("one-plugin.sqlite");
    std::fs::write(&file, another_programs_database()).unwrap();
    fails(
        &home.run("list"),
        7,
        "StoreIncompatible",
        "belongs to another program",
    );
    assert!(std::fs::read(&file).unwrap() == another_programs_database());
}

/// An empty table `t(a)`, as SQLite writes it.
fn another_programs_database() -> Vec<u8> {
    let mut page = vec![0_u8; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 0x40, 0x20, 0x20]);
    page[27] = 1;
    page[31] = 2;
    page[43] = 1;
    page[47] = 4;
    page[59] = 1;
    page[95] = 1;
    // The schema: one row, `CREATE TABLE t(a)`.
    let row = b"\x21\x01\x06\x17\x0f\x0f\x01\x2ftablett\x02CREATE TABLE t(a)";
    let start = 4096 - row.len();
    page[start..].copy_from_slice(row);
    page[100] = 0x0d;
    page[104] = 1;
    page[105..107].copy_from_slice(&u16::try_from(start).unwrap().to_be_bytes());
    page[108..110].copy_from_slice(&u16::try_from(start).unwrap().to_be_bytes());
    let mut leaf = vec![0_u8; 4096];
    leaf[0] = 0x0d;
    leaf[5] = 0x10;
    [page, leaf].concat()
}

#[test]
fn a_home_that_is_a_file_cannot_be_used() {
    let home = Home::new();
    std::fs::write(home.path(), "x").unwrap();
    fails(&home.run("list"), 6, "HomeUnusable", "cannot be used");
    let below = home.path().join("deeper");
    let run = ran(home.command(["list"]).arg("--home").arg(below));
    assert_ne!(run.code, 0);
}

#[test]
fn a_home_that_is_read_only_cannot_be_used() {
    let home = Home::new();
    home.ok("install notes");
    let file = home.path().join("one-plugin.sqlite");
    let lock = |mode: u32, file_mode: u32| {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(file_mode)).unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(mode)).unwrap();
    };
    lock(0o555, 0o444);
    if std::fs::write(home.path().join("probe"), "x").is_ok() {
        skip("a read-only home", "whoever runs this may write everywhere");
        lock(0o755, 0o644);
        return;
    }
    let ran = home.run("uninstall notes");
    lock(0o755, 0o644);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(
        ran.err.contains("\n  -> ") && !ran.err.contains("panicked"),
        "{ran:?}"
    );
    assert!(home.ok("list").contains("@one/plugin-notes"));
}

#[test]
fn input_that_cannot_be_read() {
    let home = Home::new();
    home.ok("install notes");
    home.ok("activate notes");
    let file = home.beside().join("input.json");
    let at_file = format!("exec notes ADD_NOTE --input @{}", file.display());
    fails(&home.run(&at_file), 2, "InputUnreadable", "No such file");
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    fails(&home.run(&at_file), 2, "InputUnreadable", "UTF-8");
    std::fs::write(&file, "{\"text\": ").unwrap();
    fails(&home.run(&at_file), 2, "InputUnreadable", "no JSON");
    std::fs::write(&file, vec![b' '; (8 << 20) + 1]).unwrap();
    fails(&home.run(&at_file), 2, "InputUnreadable", "larger than");
    std::fs::write(&file, "[".repeat(100_000)).unwrap();
    fails(&home.run(&at_file), 2, "InputUnreadable", "recursion limit");
    std::fs::write(&file, r#"{"text": "from a file"}"#).unwrap();
    assert_eq!(home.ok(&at_file), "Noted.\n");
    let piped = home.feed(
        "exec notes ADD_NOTE --input -",
        br#"{"text": "from a pipe"}"#,
    );
    assert_eq!((piped.code, piped.out.as_str()), (0, "Noted.\n"));
    let empty = home.feed("exec notes ADD_NOTE --input -", b"");
    fails(&empty, 2, "InputUnreadable", "no JSON");
    assert_eq!(
        home.ok("exec notes NOTE_COUNT --kind provider"),
        "There are 2 notes.\n"
    );
}

#[test]
fn names_of_organisations_and_people_are_checked() {
    let home = Home::new();
    let long = "x".repeat(300);
    for name in ["", "a\nb", long.as_str()] {
        let ran = home.run_all(["org", "create", name]);
        assert_eq!(ran.code, 2, "{ran:?}");
        fails(&ran, 2, "InvalidRow", "name");
    }
    let ran = home.run_all(["--as", "", "org", "create", "fine"]);
    fails(&ran, 2, "InvalidRow", "display_name");
    // Nothing was left half made.
    home.ok("org create fine");
}

#[test]
fn a_short_name_that_two_plugins_could_mean_is_not_guessed() {
    let home = Home::new();
    // Of the catalog no short name is ambiguous, so each of its plugins can be called by one.
    for name in ["knowledge", "plugin-knowledge", "@elizaos/plugin-knowledge"] {
        assert!(
            home.ok(&format!("tree {name}"))
                .starts_with("@elizaos/plugin-knowledge 1.6.1\n")
        );
    }
    let ran = home.run("tree nowledge");
    fails(&ran, 4, "NotInCatalog", "`nowledge`");
}
