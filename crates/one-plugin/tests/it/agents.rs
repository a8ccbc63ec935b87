//! Agents of an organisation, and what they may use.

use serde_json::json;

use crate::program::Home;

/// A home with the notes plugin, active, and two agents.
fn furnished() -> Home {
    let home = Home::new();
    for line in [
        "install notes",
        "activate notes",
        "agents add Ada",
        "agents add Bob --type research_agent --character {\"bio\":[\"reads\"]}",
    ] {
        home.ok(line);
    }
    home
}

#[test]
fn agents_as_people_read_them() {
    let home = furnished();
    let mut page = String::new();
    for line in [
        "agents list",
        "agents grant Ada notes --set NOTES_LIMIT=3",
        "agents grant Bob notes",
        "agents list --of notes",
        "agents show Bob",
        "exec notes ADD_NOTE --agent Ada --input {\"text\":\"tea\"}",
        "exec notes NOTE_COUNT --kind provider --agent Ada",
        "exec notes NOTE_COUNT --kind provider --agent Bob",
        "exec notes NOTE_COUNT --kind provider",
        "agents config Ada notes --set NOTES_LIMIT=7",
        "agents config Ada notes --unset NOTES_LIMIT",
        "agents grant Ada notes --set NOTES_LIMIT=9",
        "agents set Ada --character {\"name\":\"Eve\",\"settings\":{\"apiKey\":\"hush\"}}",
        "agents set Ada --character {\"name\":\"Eve\"}",
        "exec notes NOTE_COUNT --kind provider --agent Eve",
        "agents revoke Eve notes",
        "exec notes NOTE_COUNT --kind provider --agent Eve",
        "agents open notes",
        "agents open notes NOTES_LIMIT",
        "agents open notes NOTES_LIMITS",
        "agents open notes --none",
        "agents open notes --none NOTES_LIMIT",
        "agents retire Bob",
        "agents list --of notes",
        "agents show Bob",
        "status notes",
    ] {
        page.push_str(&format!(
            "$ one-plugin {line}\n{}\n\n",
            home.run(line).page()
        ));
    }
    insta::assert_snapshot!("agents", page.trim_end());
}

#[test]
fn agents_as_machines_read_them() {
    let home = furnished();
    let granted = home.json("agents grant Ada notes --set NOTES_LIMIT=3");
    assert_eq!(granted["settings"], json!({"NOTES_LIMIT": 3}));
    let shown = home.json("agents show Ada");
    assert_eq!(shown["uses"], json!([granted]));
    assert_eq!(shown["agent"]["character"], json!({"name": "Ada"}));
    assert_eq!(home.json("agents list --of notes"), shown["uses"]);
    home.ok("exec notes NOTE_COUNT --kind provider --agent Ada");
    let runs = home.json("runs notes");
    assert_eq!(runs[0]["agent"], shown["agent"]["id"]);
}

#[test]
fn what_is_open_those_below_may_set_and_nothing_else() {
    let home = furnished();
    home.ok("org add-member uma --role group_user");
    let set = "--as uma agents grant Ada notes --set NOTES_LIMIT=3";
    let closed = home.run(set);
    assert_eq!(closed.code, 3, "{closed:?}");
    assert!(
        closed.err.starts_with("error[ClosedToAgents]"),
        "{closed:?}"
    );
    let by_uma = home.run("--as uma agents open notes NOTES_LIMIT");
    assert_eq!(by_uma.code, 3, "{by_uma:?}");
    let none = home.json("agents open notes");
    assert_eq!(
        (&none["open"], &none["closed"]),
        (&json!([]), &json!(["NOTES_LIMIT"]))
    );
    let open = home.json("agents open notes NOTES_LIMIT");
    assert_eq!(
        (&open["open"], &open["closed"]),
        (&json!(["NOTES_LIMIT"]), &json!([]))
    );
    home.ok(set);
    assert_eq!(home.json("--as uma agents open notes"), open);
    assert_eq!(home.json("agents open notes --none"), none);
    let uses = home.json("agents list --of notes");
    assert_eq!(
        uses[0]["settings"],
        json!({"NOTES_LIMIT": 3}),
        "it keeps what it has"
    );
    assert_eq!(
        home.run("--as uma agents config Ada notes --set NOTES_LIMIT=4")
            .code,
        3
    );
}

#[test]
fn one_name_may_be_several_agents_and_an_id_is_one() {
    let home = furnished();
    let second = home.json("agents add Ada");
    let several = home.run("agents show Ada");
    assert_eq!(several.code, 2, "{several:?}");
    let id = second["id"].as_str().unwrap();
    assert!(several.err.contains(id), "{several:?}");
    home.ok(&format!("agents retire {id}"));
    home.ok("agents show Ada");
}

#[test]
fn an_agent_of_another_organisation_is_like_one_that_never_was() {
    let home = furnished();
    home.ok("org create globex");
    home.ok("--org globex install notes");
    home.ok("--org globex activate notes");
    let id = home.json("agents show Ada")["agent"]["id"].clone();
    let id = id.as_str().unwrap();
    let nobody = "01a1f931-5896-7592-b68c-d9e54e91bd3d";
    for command in [
        "agents show ID",
        "agents set ID --character {\"name\":\"x\"}",
        "agents grant ID notes",
        "agents revoke ID notes",
        "agents retire ID",
        "exec notes NOTE_COUNT --kind provider --agent ID",
    ] {
        let of = |id: &str| {
            let ran = home.run(&format!("--org globex {}", command.replace("ID", id)));
            (ran.code, ran.out, ran.err.replace(id, "ID"))
        };
        assert_eq!(of(id), of(nobody), "{command}");
        assert_eq!(of(id).0, 4, "{command}");
    }
}
