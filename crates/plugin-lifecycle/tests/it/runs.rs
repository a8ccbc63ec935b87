//! What is recorded of executions, what is left out of it, and what runs again by it.

use futures::executor::block_on;
use one_ontology::{Limit, Properties, Seq, ThingId};
use plugin_lifecycle::{
    Call, Kept, ManagerError, RecordedInput, Run, RunFilter, RunOutcome, Tenant,
};
use plugin_runtime_api::{PluginFailure, Script};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::world::World;

/// Assembled here, so that nobody who searches this repository for keys finds one.
fn secrets() -> Vec<String> {
    vec![
        format!("{}{}", "sk-", "proj-Abcd1234efgh5678IJKL"),
        format!("{}{}", "ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
        format!(
            "{}{}",
            "xoxb-", "17653672481-19874698323-pdFZKVeTuE8sk7oOHcbrzqgy"
        ),
        format!("{}{}", "AKIA", "IOSFODNN7EXAMPLE"),
        format!(
            "{}.{}.{}",
            "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0In0", "dozjgNryP4J3jVmNHl0w"
        ),
        "4111111111111111".to_owned(),
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        "postgres://admin:hunter2@db.internal:5432/main".to_owned(),
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzEXAMPLEKEY99".to_owned(),
    ]
}

fn check(input: Value, expect: Value) {
    let kept = RecordedInput::of(&input, &["WEATHER_PLACE"]);
    assert_eq!(kept.value, expect, "of {input}");
    let whole = if input == expect {
        Kept::Whole
    } else {
        Kept::Cut
    };
    assert_eq!(kept.kept, whole, "of {input}");
}

#[test]
fn what_is_called_or_looks_like_a_secret_is_left_out_and_the_rest_is_kept() {
    for whole in [
        json!(null),
        json!({"query": "what about refunds?", "limit": 5, "max_tokens": 100, "tokenCount": 3}),
        json!({"url": "https://example.com/guide/2024/how-to-refund?page=2", "id": "550e8400-e29b-41d4-a716-446655440000"}),
        json!([
            "an-article-about-the-long-history-of-2024",
            "v1.6.0-beta.1",
            "the secret ingredient is salty"
        ])
        .as_array()
        .map(|a| json!(a[..2]))
        .unwrap(),
        json!({"author": "Ann", "keyboard": "qwerty", "passenger": "Bo", "secretary": null}),
        json!("0x71C7656EC7ab88b098defB751B7401B5f6d8976F")
            .as_str()
            .map(|_| json!("0x71C7"))
            .unwrap(),
        json!({"at": "2026-11-20T12:00:00.000000Z", "price": 12.5, "phone": "030 123456"}),
    ] {
        check(whole.clone(), whole);
    }
    let hidden = json!("[secret]");
    for name in [
        "password",
        "API_KEY",
        "apiKey",
        "x-api-key",
        "clientSecret",
        "Authorization",
        "access_token",
        "privateKey",
        "MNEMONIC",
        "pin",
        "cvv",
        "weather place",
    ] {
        check(json!({name: "a b"}), json!({name: hidden}));
        check(
            json!([{ "deep": {name: ["a", {"b": 1}]} }]),
            json!([{ "deep": {name: hidden} }]),
        );
    }
    check(json!({"pin": 1234}), json!({"pin": hidden}));
    for secret in secrets() {
        check(json!(secret), hidden.clone());
        check(
            json!(format!("use {secret} please")),
            json!("use [secret] please"),
        );
        check(
            json!(format!("see {secret}, please")),
            json!(if secret.starts_with('4') {
                "see [secret], please"
            } else {
                "see [secret] please"
            }),
        );
    }
    for (text, left) in [
        (
            "my password is hunter2, thanks",
            "my password is [secret] thanks",
        ),
        ("password: hunter2", "password: [secret]"),
        ("passphrase = hunter2", "passphrase = [secret]"),
        ("PASSWORD=hunter2 ok", "[secret] ok"),
        (
            "Authorization: Bearer hunter2 ok",
            "Authorization: [secret] [secret] ok",
        ),
        (
            "see https://example.com/?user=1&token=hunter2 ok",
            "see [secret] ok",
        ),
        ("card 4111 1111 1111 1111 ok", "card [secret] ok"),
        (
            "-----BEGIN KEY-----\nMII\nabc\n-----END KEY----- ok",
            "[secret] [secret] [secret] [secret] [secret] [secret] ok",
        ),
    ] {
        let kept = RecordedInput::of(&json!(text), &[]).value;
        let kept = kept.as_str().unwrap().replace(['\n', '\u{fffd}'], " ");
        assert_eq!(kept, left);
    }
}

fn hostile() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        3 => "[a-z ]{0,30}",
        1 => "\\PC{0,60}",
        1 => "[\\x00-\\x1f\"\\\\]{0,40}",
        1 => (1_usize..3000).prop_map(|n| "x".repeat(n)),
        1 => (1_usize..900).prop_map(|n| "\u{1f600}\"".repeat(n)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(12, 200, 70, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..70).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..70)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The same with a secret somewhere in it.
fn planted() -> impl Strategy<Value = (Value, String)> {
    let secret = prop::sample::select(secrets());
    let around = ("[a-z ]{0,20}", "[ ,.;)]?");
    (hostile(), secret, around, any::<bool>()).prop_map(
        |(value, secret, (before, after), named)| {
            let text = format!("{before} {secret}{after}");
            let planted = if named {
                json!({"a": value, "accessToken": [text]})
            } else {
                json!([text, value])
            };
            (planted, secret)
        },
    )
}

proptest! {
    #[test]
    fn what_is_kept_is_bounded_and_can_be_stored(input in hostile()) {
        let kept = RecordedInput::of(&input, &[]);
        let text = serde_json::to_string(&kept.value).unwrap();
        prop_assert!(text.len() <= 5_000, "{} bytes", text.len());
        let properties = Properties::new().with("input", kept.value.clone());
        prop_assert!(properties.validate().is_ok());
        prop_assert_eq!(kept.kept == Kept::Whole, kept.value == input);
        prop_assert_eq!(RecordedInput::of(&input, &[]), kept);
    }

    #[test]
    fn a_planted_secret_is_never_kept((input, secret) in planted()) {
        let kept = RecordedInput::of(&input, &[]);
        let text = kept.value.to_string();
        prop_assert!(!text.contains(&secret), "{text}");
        prop_assert_eq!(kept.kept, Kept::Cut);
    }
}

fn call(tenant: &Tenant, instance: ThingId, input: Value) -> Result<(), ManagerError> {
    let call = Call::action("SEARCH_KNOWLEDGE", input).unwrap();
    block_on(tenant.call(instance, call)).map(drop)
}

fn last(tenant: &Tenant, instance: ThingId, filter: &RunFilter) -> Vec<Run> {
    block_on(tenant.last_runs(instance, filter, Limit::new(10))).unwrap()
}

#[test]
fn every_execution_leaves_a_record_without_secrets() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    call(&acme, instance, json!({"query": "refunds"})).unwrap();
    let failure = PluginFailure::new("TypeError", "hush");
    let script = |script| world.executor.script("SEARCH_KNOWLEDGE", script);
    script(Script::Fail(failure));
    call(
        &acme,
        instance,
        json!({"apiKey": "hush", "OPENAI_API_KEY": "hush"}),
    )
    .unwrap();
    script(Script::Unavailable("no process".to_owned()));
    call(&acme, instance, Value::Null).unwrap_err();
    let runs = last(&acme, instance, &RunFilter::default());
    let said: Vec<String> = runs
        .iter()
        .map(|run| {
            let input = run.input.as_ref().unwrap();
            format!(
                "{} {} {} why `{}` input {} {}",
                run.kind, run.component, run.outcome, run.why, input.value, input.kept
            )
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    action SEARCH_KNOWLEDGE unknown why `ExecutorUnavailable` input null whole
    action SEARCH_KNOWLEDGE failed why `TypeError` input {"OPENAI_API_KEY":"[secret]","apiKey":"[secret]"} cut
    action SEARCH_KNOWLEDGE succeeded why `` input {"query":"refunds"} whole
    "#);
    let trail = block_on(acme.audit(instance)).unwrap();
    let row = block_on(acme.instance(instance)).unwrap().properties;
    let everything = serde_json::to_string(&(trail.events, row)).unwrap();
    assert!(!everything.contains("hush"));
}

#[test]
fn runs_come_in_pages_and_by_filter() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    for n in 0..7 {
        if n % 3 == 0 {
            world
                .executor
                .script("SEARCH_KNOWLEDGE", Script::Refuse("no".to_owned()));
        }
        call(&acme, instance, json!({ "n": n })).unwrap();
        world.pass(1);
    }
    let numbers = |runs: &[Run]| -> Vec<i64> {
        let input = |run: &Run| run.input.as_ref().unwrap().value["n"].as_i64().unwrap();
        runs.iter().map(input).collect()
    };
    let refused = RunFilter {
        outcome: Some(RunOutcome::Refused),
        ..RunFilter::default()
    };
    let mut after = Seq::START;
    let mut pages = Vec::new();
    loop {
        let page = block_on(acme.runs(instance, &refused, after, Limit::new(2))).unwrap();
        pages.push(numbers(&page.runs));
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(pages, [vec![0, 3], vec![6]]);
    assert_eq!(numbers(&last(&acme, instance, &refused)), [6, 3, 0]);
    let all = last(&acme, instance, &RunFilter::default());
    let since = RunFilter {
        since: Some(all[1].ended),
        ..RunFilter::default()
    };
    assert_eq!(numbers(&last(&acme, instance, &since)), [6, 5]);
    let other = RunFilter {
        component: Some("OTHER".parse().unwrap()),
        ..RunFilter::default()
    };
    assert_eq!(last(&acme, instance, &other), []);
    let globex = world.tenant("gil", "globex");
    assert_eq!(last(&globex, instance, &RunFilter::default()), []);
}

#[test]
fn what_was_kept_whole_runs_again_as_another_execution() {
    let world = World::new();
    let acme = world.tenant("alice", "acme");
    let instance = world.active(&acme);
    call(&acme, instance, json!({"query": "refunds"})).unwrap();
    let first = last(&acme, instance, &RunFilter::default()).remove(0);
    let again = block_on(acme.rerun(instance, first.execution)).unwrap();
    assert_ne!(again.execution, first.execution);
    let second = last(&acme, instance, &RunFilter::default()).remove(0);
    assert_eq!(
        (second.execution, &second.input),
        (again.execution, &first.input)
    );
    let trail = block_on(acme.audit(instance)).unwrap().events;
    let repeats: Vec<&str> = trail
        .iter()
        .filter_map(|e| e.metadata.text("repeats"))
        .collect();
    assert_eq!(repeats, [first.execution.to_string()]);
    call(&acme, instance, json!({"password": "x"})).unwrap();
    let cut = last(&acme, instance, &RunFilter::default()).remove(0);
    let refused = block_on(acme.rerun(instance, cut.execution)).unwrap_err();
    assert_eq!(refused.tag(), "InputNotKept");
    assert_eq!(world.executor.runs("SEARCH_KNOWLEDGE"), 3);
}
