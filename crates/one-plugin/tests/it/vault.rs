//! Secrets in the vault: given unseen, kept sealed, opened by who has the key, gone when they are destroyed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{GroupId, PersonId, RandomIds, SystemClock, ThingId, Timestamp};
use plugin_lifecycle::PluginManager;
use plugin_registry::MemorySource;
use plugin_runtime_api::{
    Engine, ExecutionId, ScriptedExecutor, SecretName, Vault as _, VaultError,
};
use plugin_store_sqlite::{Options, SqliteStore};
use plugin_vault_store::{LocalKeys, StoreVault};
use serde_json::{Value, json};

use crate::program::{Home, Ran};
use crate::secrets::holds;

const SECRET: &str = "sk-verysecret-4711";
const GREETER: &str = "@elizaos/plugin-greeter";

fn store(home: &Home) -> Arc<SqliteStore> {
    let file = home.path().join("one-plugin.sqlite");
    Arc::new(SqliteStore::open(&file, Options::default()).unwrap())
}

fn group() -> GroupId {
    GroupId::of_name(&["org", "default"])
}

/// A home where another host has installed a plugin that takes a secret.
pub(crate) fn furnished() -> Home {
    let home = Home::new();
    home.ok("install notes");
    let integrity = format!("sha512-{}==", "A".repeat(86));
    let release = json!({
        "name": GREETER, "version": "1.0.0", "dependencies": {"@elizaos/core": "^1.6.0"},
        "dist": {"integrity": integrity},
        "agentConfig": {"pluginType": "elizaos:plugin:1.0.0", "pluginParameters": {
            "GREETER_KEY": {"type": "string", "sensitive": true},
            "CITY": {"type": "string"},
        }, "configSchema": {"properties": {
            "CITY": {"maxLength": 10, "pattern": "^[A-Z]"},
            "GREETINGS": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "GREETER_SALT": {"type": "string", "minLength": 8, "x-secret": true},
        }}},
    });
    let document = |name: &str, version: &str, release: Value| json!({"name": name, "dist-tags": {"latest": version}, "versions": {version: release}});
    let core =
        json!({"name": "@elizaos/core", "version": "1.7.2", "dist": {"integrity": integrity}});
    let source = MemorySource::new("npm")
        .with("@elizaos/core", document("@elizaos/core", "1.7.2", core))
        .with(GREETER, document(GREETER, "1.0.0", release));
    let store = store(&home);
    let manager = PluginManager::with_environment(
        store.clone(),
        store,
        Arc::new(ScriptedExecutor::new([Engine::Node])),
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    )
    .with_source(Arc::new(source));
    let owner = PersonId::of_name(&["person", "owner"]);
    let tenant = block_on(manager.tenant(owner, group())).unwrap();
    let plan = block_on(tenant.plan_install(GREETER, "1.0.0")).unwrap();
    block_on(tenant.install(&plan)).unwrap();
    home
}

/// A new key in a file beside the home.
pub(crate) fn key(home: &Home, name: &str) -> PathBuf {
    let file = home.beside().join(name);
    home.ok(&format!("secrets new-key {}", file.display()));
    file
}

pub(crate) fn with(key: &Path, line: &str) -> String {
    format!("--vault-key {} {line}", key.display())
}

fn set(home: &Home, key: &Path, secret: &str) -> Ran {
    home.feed(
        &with(key, "secrets set greeter GREETER_KEY"),
        secret.as_bytes(),
    )
}

/// What another host with the key in this file finds in the vault.
fn found(home: &Home, key: &Path) -> Result<String, VaultError> {
    let text = std::fs::read_to_string(key).unwrap();
    let keys = Arc::new(LocalKeys::from_text(&text).unwrap());
    let vault = StoreVault::new(
        store(home),
        keys,
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    );
    let name = SecretName {
        group: group(),
        instance: instance(home),
        parameter: "GREETER_KEY".to_owned(),
    };
    let leased = vault.lease(&name, ExecutionId::of_name(&["test"]), Timestamp::EPOCH);
    block_on(leased).map(|secret| secret.expose().to_owned())
}

fn instance(home: &Home) -> ThingId {
    let plugins = home.json("list");
    let plugins = plugins.as_array().unwrap().iter();
    let mut greeter = plugins.filter(|it| it["package"] == GREETER);
    greeter.next().unwrap()["instance"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

fn refused(ran: &Ran, code: i32, tag: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    assert!(ran.err.starts_with(&format!("error[{tag}]: ")), "{ran:?}");
    assert!(
        !ran.err.contains(SECRET) && !ran.out.contains(SECRET),
        "{ran:?}"
    );
}

#[test]
fn a_secret_is_kept_sealed_and_said_nowhere() {
    let home = furnished();
    let key = key(&home, "vault.key");
    let mut said = vec![set(&home, &key, &format!("{SECRET}\n"))];
    assert_eq!(
        said[0].out,
        format!("the vault has GREETER_KEY of {GREETER}\n")
    );
    assert_eq!(found(&home, &key).as_deref(), Ok(SECRET));
    for line in [
        "secrets list".to_owned(),
        "secrets list --json".to_owned(),
        "config greeter".to_owned(),
        "status".to_owned(),
        "audit --json".to_owned(),
        with(&key, "secrets rotate"),
        with(&key, "list --verbose"),
    ] {
        let ran = home.run(&line);
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        said.push(ran);
    }
    let text = std::fs::read_to_string(&key).unwrap();
    for ran in &said {
        assert!(
            !ran.out.contains(SECRET) && !ran.err.contains(SECRET),
            "{ran:?}"
        );
        assert!(
            !ran.out.contains(&text) && !ran.err.contains(&text),
            "{ran:?}"
        );
    }
    assert!(said[1].out.contains("GREETER_KEY"), "{said:?}");
    assert!(said[5].out.contains("plugin_secret_accessed"), "{said:?}");
    assert!(
        holds(&home.path(), "GREETER_KEY"),
        "the search would find nothing at all"
    );
    assert!(!holds(&home.path(), SECRET) && !holds(&home.path(), &text));
    assert_eq!(
        found(&home, &key).as_deref(),
        Ok(SECRET),
        "after a rotation"
    );
}

#[test]
fn all_of_standard_input_is_the_secret_but_one_line_end() {
    let home = furnished();
    let key = key(&home, "vault.key");
    for (given, kept) in [
        ("one", "one"),
        ("two\r\n", "two"),
        ("  a\nb \n\n", "  a\nb \n"),
        ("\u{fc}\u{1f600}\n", "\u{fc}\u{1f600}"),
    ] {
        assert_eq!(set(&home, &key, given).code, 0, "{given:?}");
        assert_eq!(found(&home, &key).as_deref(), Ok(kept), "{given:?}");
    }
    for nothing in ["", "\n"] {
        refused(&set(&home, &key, nothing), 2, "InputUnreadable");
    }
    refused(&set(&home, &key, &"x".repeat(70_000)), 2, "InputUnreadable");
    let ran = home.feed(
        &with(&key, "secrets set greeter GREETER_KEY"),
        &[0xff, 0xfe],
    );
    refused(&ran, 2, "InputUnreadable");
    assert_eq!(found(&home, &key).unwrap(), "\u{fc}\u{1f600}");
}

#[test]
fn nothing_is_opened_without_its_key() {
    let home = furnished();
    let (key, other) = (key(&home, "vault.key"), key(&home, "other.key"));
    let unkeyed = home.feed("secrets set greeter GREETER_KEY", SECRET.as_bytes());
    refused(&unkeyed, 3, "VaultKeyMissing");
    assert_eq!(set(&home, &key, SECRET).code, 0);
    refused(&set(&home, &other, SECRET), 3, "VaultKeyMissing");
    for line in ["activate greeter".to_owned(), "secrets rotate".to_owned()] {
        refused(&home.run(&line), 3, "VaultKeyMissing");
        refused(&home.run(&with(&other, &line)), 3, "VaultKeyMissing");
    }
    // Lent by the environment it need not be opened; then there is no Node here.
    let lent = home.with("ONE_PLUGIN_SECRET_GREETER_KEY", SECRET);
    refused(&lent.run("activate greeter"), 6, "NodeMissing");
    assert_eq!(found(&lent, &key).as_deref(), Ok(SECRET));
}

#[test]
fn another_key_file_takes_the_place_of_the_first() {
    let home = furnished();
    let (old, new) = (key(&home, "old.key"), key(&home, "new.key"));
    assert_eq!(set(&home, &old, SECRET).code, 0);
    refused(
        &home.run(&format!("secrets rewrap --former {}", old.display())),
        3,
        "VaultKeyMissing",
    );
    let rewrap = with(
        &new,
        &format!("secrets rewrap --former {} --json", old.display()),
    );
    for keys in [1, 0] {
        let done: Value = serde_json::from_str(&home.ok(&rewrap)).unwrap();
        assert_eq!(done["keys"], keys);
    }
    assert_eq!(found(&home, &new).as_deref(), Ok(SECRET));
    assert_eq!(found(&home, &old).unwrap_err().tag(), "VaultKeyMissing");
    let carl = "--as carl secrets rewrap";
    home.ok("org add-member carl --role group_user");
    let ran = home.run(&with(&new, &format!("{carl} --former {}", old.display())));
    refused(&ran, 3, "OperationDenied");
}

#[test]
fn what_is_destroyed_is_gone_and_takes_no_key() {
    let home = furnished();
    let key = key(&home, "vault.key");
    assert_eq!(set(&home, &key, SECRET).code, 0);
    refused(
        &home.run("--as carl secrets destroy greeter GREETER_KEY"),
        4,
        "NoAccess",
    );
    home.ok("secrets destroy greeter GREETER_KEY");
    assert_eq!(home.json("secrets list"), json!([]));
    assert_eq!(found(&home, &key).unwrap_err().tag(), "SecretNotFound");
    assert_eq!(set(&home, &key, SECRET).code, 0);
    assert_eq!(
        home.json("secrets list greeter")[0]["secrets"],
        json!(["GREETER_KEY"])
    );
    let of = instance(&home);
    home.ok("uninstall greeter");
    let text = std::fs::read_to_string(&key).unwrap();
    let keys = Arc::new(LocalKeys::from_text(&text).unwrap());
    let vault = StoreVault::new(
        store(&home),
        keys,
        Arc::new(SystemClock),
        Arc::new(RandomIds),
    );
    assert_eq!(block_on(vault.list(group(), of)).unwrap(), [""; 0]);
}

#[test]
fn what_is_no_secret_or_said_aloud_is_refused() {
    let home = furnished();
    let key = key(&home, "vault.key");
    for (line, code, tag) in [
        ("secrets set greeter CITY", 4, "NoSuchSecret"),
        ("secrets set greeter NOTHING", 4, "NoSuchSecret"),
        ("secrets set nobody KEY", 4, "NotInstalled"),
        ("secrets destroy greeter CITY", 4, "NoSuchSecret"),
        (
            "config greeter --unset GREETER_KEY",
            2,
            "SecretOnCommandLine",
        ),
    ] {
        refused(&home.feed(&with(&key, line), SECRET.as_bytes()), code, tag);
    }
    let aloud = home.run(&format!("config greeter GREETER_KEY={SECRET}"));
    refused(&aloud, 2, "SecretOnCommandLine");
    assert_eq!(home.json("secrets list"), json!([]));
}

#[test]
fn a_key_is_never_written_over_and_must_be_one() {
    let home = Home::new();
    let file = key(&home, "vault.key");
    let before = std::fs::read_to_string(&file).unwrap();
    let again = home.run(&format!("secrets new-key {}", file.display()));
    refused(&again, 2, "FileUnusable");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    let wrong = home.beside().join("wrong.key");
    refused(&home.run(&with(&wrong, "list")), 2, "KeyFileUnusable");
    std::fs::write(&wrong, SECRET).unwrap();
    restrict(&wrong, 0o600);
    refused(&home.run(&with(&wrong, "list")), 2, "KeyFileUnusable");
    let named = home.with("ONE_PLUGIN_VAULT_KEY", wrong.to_str().unwrap());
    refused(&named.run("list"), 2, "KeyFileUnusable");
    assert!(!named.ok("list --help").contains("wrong.key"));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_not_used() {
    let home = Home::new();
    let file = key(&home, "vault.key");
    home.ok(&with(&file, "list"));
    for mode in [0o640, 0o604, 0o620, 0o666] {
        restrict(&file, mode);
        refused(&home.run(&with(&file, "list")), 2, "KeyFileExposed");
    }
    restrict(&file, 0o400);
    home.ok(&with(&file, "list"));
}

#[cfg(unix)]
fn restrict(file: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) {}
