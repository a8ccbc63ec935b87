//! What is taken out of recorded inputs, shape by shape. Secrets are put together here, so that nobody who searches
//! this repository for keys finds one.

use plugin_lifecycle::{Kept, RecordedInput};
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCESS_KEY: [&str; 2] = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"];
const CARD: [&str; 4] = ["4111", "1111", "1111", "1111"];

fn kept(input: &Value) -> String {
    let kept = RecordedInput::of(input, &[]);
    assert_eq!(kept.kept == Kept::Whole, kept.value == *input, "{input}");
    kept.value.to_string()
}

#[test]
fn the_table_of_shapes() {
    let (key, card) = (ACCESS_KEY.concat(), CARD.concat());
    let token = format!(
        "{}.{}.{}",
        "eyJhbGciOiJub25lIn", "eyJzdWIiOiJhZGEifQ", "x_YzAbCdEfGh"
    );
    let lines = [
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
    ];
    let pem = |between: &str| {
        let kind = ["PRIVATE", "KEY"].join(" ");
        let body = lines.join(between);
        format!("-----BEGIN {kind}-----{between}{body}{between}-----END {kind}-----")
    };
    let cases: Vec<(&str, Value)> = vec![
        (
            "an access key with slashes",
            json!(format!("use {key} here")),
        ),
        ("assigned", json!(format!("aws_key={key}"))),
        ("in an address", json!(format!("s3://bucket/{key}"))),
        ("one with a plus", json!(key.replace('/', "+"))),
        (
            "a path",
            json!("src/components/Button/ButtonGroup/IndexPage.tsx"),
        ),
        (
            "a path of as many letters",
            json!("Documents/Reports2024/QuarterlySummaries"),
        ),
        (
            "a password with #",
            json!("postgres://admin:hunter#2@db.internal:5432/main"),
        ),
        (
            "with @",
            json!("postgres://admin:hunter@2@db.internal:5432/main"),
        ),
        (
            "with / and ?",
            json!("mysql://admin:hun/ter?2@db.internal/main"),
        ),
        ("of digits and #", json!("redis://admin:12#34@cache:6379/0")),
        ("of digits and /", json!("redis://admin:12/34@cache:6379/0")),
        (
            "the second address",
            json!("http://a.example,amqp://u:p#w@mq/v"),
        ),
        (
            "a page of somebody",
            json!("https://social.example:8443/@ada?tab=2#top"),
        ),
        (
            "a page with an address",
            json!("https://example.com/write?to=ada@example.com"),
        ),
        ("a port", json!("http://localhost:3000/#start")),
        ("a card", json!(card)),
        ("in groups", json!(CARD.join(" "))),
        ("with hyphens", json!(CARD.join("-"))),
        ("with dots", json!(CARD.join("."))),
        ("with long hyphens", json!(CARD.join(" \u{2013} "))),
        (
            "beside a number",
            json!(format!("12 {} 99", CARD.join(" "))),
        ),
        ("inside more digits", json!(format!("007{card}0099"))),
        ("a fraction", json!(format!("0.{card}"))),
        ("in a list of numbers", json!(CARD.join(", "))),
        ("years", json!("2017 2018 2019 2020 2021 2022 2023 2024")),
        ("inside letters", json!(format!("card{card}exp1227"))),
        ("as a number", json!(4_111_111_111_111_111_u64)),
        (
            "of fifteen digits",
            json!(["3782", "822463", "10005"].join(" ")),
        ),
        ("no card", json!("order 4111 1111 1111 1112")),
        ("a time", json!("2026-11-20 12:00:00.123456")),
        ("a phone number", json!("+49 30 1234567 89")),
        ("hosts", json!("192.168.100.100 10.0.0.1 172.16.254.3")),
        ("a count", json!({"n": 1_234_567, "ratio": 0.25})),
        ("named SMTP_PASS", json!({"SMTP_PASS": "hush hush"})),
        ("dbPass2", json!({"dbPass2": "hush"})),
        ("PASSWD", json!({"PASSWD": "hush"})),
        ("pwd", json!({"pwd": "hush"})),
        ("MYSQL_PWD", json!("MYSQL_PWD=hush mysql")),
        ("SMTP_PASS in text", json!("SMTP_PASS: hush now")),
        (
            "names that only sound so",
            json!({"passenger": "Bo", "compass": "N", "bypass": "x", "passes": 3}),
        ),
        ("max_tokens as text", json!({"max_tokens": "4096"})),
        ("tokens that are none", json!({"tokens": "hush4096hush"})),
        ("a pair", json!({"name": "API_KEY", "value": "hush"})),
        (
            "a pair by key",
            json!([{"key": "SMTP_PASS", "defaultValue": {"a": ["hush"]}}]),
        ),
        (
            "a pair that is none",
            json!({"name": "CITY", "value": "Paris"}),
        ),
        (
            "a form",
            json!({"id": "password", "label": "Password", "type": "text", "required": true}),
        ),
        ("a list of two", json!(["Authorization", "hush hush"])),
        (
            "an option",
            json!(["run", "--password", "hush", "--city", "Paris"]),
        ),
        ("a list of names", json!(["user", "password", "city"])),
        ("a web token", json!(format!("see {token} now"))),
        ("in quotes", json!(format!("{{\"jwt\":\"{token}\"}}"))),
        (
            "without its signature",
            json!(token.rsplit_once('.').unwrap().0),
        ),
        ("a PEM block", json!(format!("{} and more", pem("\n")))),
        ("on one line", json!(format!("{} and more", pem("\\n")))),
        (
            "that is cut",
            json!(pem("\n").split("-----END").next().unwrap()),
        ),
        (
            "two",
            json!(format!("{} then {} end", pem("\n"), pem("\n"))),
        ),
        (
            "a bearer header",
            json!("Authorization: Bearer hush and more"),
        ),
        ("in JSON", json!("{\"Authorization\": \"Bearer hush\"}")),
        (
            "in tight JSON",
            json!("{\"authorization\":\"bearer hush\"}"),
        ),
        (
            "of another scheme",
            json!("authorization: Token hush and more"),
        ),
        ("without a header", json!("curl -H 'Bearer hush' x")),
        (
            "cookies",
            json!("Cookie: sid=hush; theme=dark; a=b and more"),
        ),
        (
            "words in JSON",
            json!("{\"mnemonic\": \"hush hushes hushed\", \"a\": \"b c\"}"),
        ),
        (
            "in tight JSON of words",
            json!("{\"password\":\"hush hush,hush\",\"a\":\"b c\"}"),
        ),
        (
            "in JSON in JSON",
            json!("\"{\\\"secret\\\": \\\"hush hush\\\", \\\"a\\\": 1}\""),
        ),
        (
            "two in one word",
            json!("{\"pwd\":\"hush hush\",\"pin\":\"hush hush\",\"a\":\"b c\"}"),
        ),
        (
            "words in quotes",
            json!("password=\"hush hush hush\" and more"),
        ),
        (
            "an apostrophe",
            json!("password='hush don't hush' and more"),
        ),
        (
            "a quote that is escaped",
            json!("password: \"hush\\\" hush\" and more"),
        ),
        ("that is not closed", json!("password: \"hush hush hush")),
        ("a phrase", json!("passphrase: hush hush hush\nand more")),
        ("that is", json!("my seed phrase is passphrase = hush hush")),
        ("assigned words", json!("MNEMONIC=hush hush hush\nand more")),
        (
            "on the next line",
            json!("passphrase: |\n hush hush\nand more"),
        ),
        ("a seed that is a number", json!("seed: 42 and more")),
    ];
    let mut table = String::new();
    for (what, input) in &cases {
        table.push_str(&format!("{what:<28} {}\n", kept(input)));
    }
    for hidden in [
        "hush",
        "hunter",
        "wJalr",
        "4111 1111 1111 1111",
        "MIIE",
        "eyJ",
    ] {
        assert!(!table.contains(hidden), "{hidden}:\n{table}");
    }
    insta::assert_snapshot!("shapes", table);
}

#[test]
fn a_secret_at_the_end_of_what_is_looked_at_is_not_cut_in_two() {
    let key = ACCESS_KEY.concat();
    for fill in 1_900..2_001 {
        for secret in [&key, &CARD.join(" "), &format!("password: {key}")] {
            // Much of the text goes, so its end comes within what is kept.
            let words = format!("{key} ").repeat(fill / 41);
            let text = format!("{words}{} {secret}", "x".repeat(fill % 41));
            let kept = kept(&json!(text));
            let end: String = secret.chars().take(12).collect();
            assert!(
                !kept.contains(&end) || end.starts_with("password"),
                "{fill}: {kept}"
            );
            assert!(!kept.contains(&key[..8]), "{fill}: {kept}");
        }
    }
}

/// A value with a secret in it, and what of it must not be seen.
type Planted = (Value, Vec<String>);

fn around() -> impl Strategy<Value = (String, String)> {
    let before = prop::sample::select(vec!["", "use ", "key=", "it is: ", "(", "\"", "a,"]);
    let after = prop::sample::select(vec!["", " please", ")", "\"", ", then", "."]);
    (before, after).prop_map(|(before, after)| (before.to_owned(), after.to_owned()))
}

fn word() -> impl Strategy<Value = String> {
    "[b-df-hj-np-tv-z]{10,16}"
}

fn access_key() -> impl Strategy<Value = Planted> {
    let key = "[A-Za-z0-9/+]{40}";
    let mixed = |key: &String| {
        let has = |of: fn(&u8) -> bool| key.bytes().any(|byte| of(&byte));
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
    };
    let key = key.prop_filter("as they are made", mixed);
    (key, around())
        .prop_map(|(key, (before, after))| (json!(format!("{before}{key}{after}")), vec![key]))
}

fn address() -> impl Strategy<Value = Planted> {
    let scheme = prop::sample::select(vec!["postgres", "mysql", "amqp", "mongodb+srv", "https"]);
    let password = "[a-z][A-Za-z0-9#@/?:!$]{8,14}";
    (scheme, "[a-z]{1,8}", password, around()).prop_map(
        |(scheme, user, password, (before, after))| {
            let address = format!("{scheme}://{user}:{password}@db.example:5432/main");
            (json!(format!("{before}{address}{after}")), vec![password])
        },
    )
}

fn with_check_digit(mut digits: Vec<u32>) -> String {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => (digit * 2) / 10 + (digit * 2) % 10,
            _ => *digit,
        })
        .sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u32::to_string).collect()
}

fn number_of_card() -> impl Strategy<Value = String> {
    let issuer = prop::sample::select(vec![
        ("4", 16),
        ("51", 16),
        ("2221", 16),
        ("37", 15),
        ("6011", 16),
    ]);
    (issuer, prop::collection::vec(0_u32..10, 16)).prop_map(|((issuer, length), random)| {
        let first = issuer.chars().filter_map(|c| c.to_digit(10));
        with_check_digit(first.chain(random).take(length - 1).collect())
    })
}

fn card() -> impl Strategy<Value = Planted> {
    let between = prop::sample::select(vec!["", " ", "-", ".", "_", " - "]);
    (number_of_card(), between, "[0-9]{0,5}", "[0-9]{0,5}").prop_map(
        |(card, between, before, after)| {
            let groups: Vec<&str> = match card.len() {
                15 => vec![&card[..4], &card[4..10], &card[10..]],
                _ => vec![&card[..4], &card[4..8], &card[8..12], &card[12..]],
            };
            let written = groups.join(between);
            let text = format!("{before} {written} {after}");
            (json!(text), vec![card])
        },
    )
}

fn card_as_number() -> impl Strategy<Value = Planted> {
    number_of_card().prop_map(|card| (json!(card.parse::<u64>().unwrap()), vec![card]))
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SMTP_PASS",
        "PASSWD",
        "pwd",
        "DB_PWD",
        "dbPass",
        "userPass2",
        "API_KEY",
        "clientSecret",
        "X-Api-Key",
        "passphrase",
        "STRIPE_SECRET_KEY",
        "Set-Cookie",
        "private_key",
    ])
}

fn named() -> impl Strategy<Value = Planted> {
    (name(), word(), 0..5).prop_map(|(name, secret, how)| {
        let value = match how {
            0 => json!({name: secret}),
            1 => json!({name: {"deep": [secret]}}),
            2 => json!(format!("{name}={secret} and more")),
            3 => json!(format!("{name}: {secret}")),
            _ => json!(format!("{{\"{name}\": \"{secret}\"}}")),
        };
        (value, vec![secret])
    })
}

fn siblings() -> impl Strategy<Value = Planted> {
    let naming = prop::sample::select(vec!["name", "key", "id", "header", "variable"]);
    let value = prop::sample::select(vec!["value", "val", "content", "default", "newValue"]);
    (naming, name(), value, word(), 0..4).prop_map(|(naming, name, value, secret, how)| {
        let input = match how {
            0 => json!({naming: name, value: secret}),
            1 => json!({naming: name, value: {"a": [secret]}}),
            2 => json!([name, secret]),
            _ => json!(["run", "--password", secret, "x"]),
        };
        (input, vec![secret])
    })
}

fn web_token() -> impl Strategy<Value = Planted> {
    let parts = (
        "[A-Za-z0-9_-]{12,30}",
        "[A-Za-z0-9_-]{12,40}",
        "[A-Za-z0-9_-]{20,43}",
    );
    (parts, around()).prop_map(|((header, claims, signature), (before, after))| {
        let token = format!("eyJ{header}.eyJ{claims}.{signature}");
        (
            json!(format!("{before}{token}{after}")),
            vec![claims, signature],
        )
    })
}

fn pem() -> impl Strategy<Value = Planted> {
    let kind = prop::sample::select(vec![
        "RSA PRIVATE KEY",
        "PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ]);
    let between = prop::sample::select(vec!["\n", "\r\n", "\\n", " "]);
    let lines = prop::collection::vec("[A-Za-z0-9+/]{32,64}", 1..4);
    (kind, between, lines).prop_map(|(kind, between, lines)| {
        let body = lines.join(between);
        let text = format!(
            "the key: -----BEGIN {kind}-----{between}{body}{between}-----END {kind}----- ok"
        );
        (json!(text), lines)
    })
}

fn bearer() -> impl Strategy<Value = Planted> {
    let header = prop::sample::select(vec![
        "Authorization: Bearer ",
        "authorization: bearer ",
        "Bearer ",
        "Authorization: Token ",
        "{\"Authorization\": \"Bearer ",
        "{\"Authorization\":\"Bearer ",
        "Authorization: ",
        "Authorization: Basic ",
    ]);
    (header, word())
        .prop_map(|(header, secret)| (json!(format!("{header}{secret} ok")), vec![secret]))
}

fn phrase() -> impl Strategy<Value = Planted> {
    let name = prop::sample::select(vec!["mnemonic", "wallet_passphrase", "Seed", "seedPhrase"]);
    let words = prop::collection::vec(word(), 2..13);
    (name, words, 0..5).prop_map(|(name, words, how)| {
        let phrase = words.join(" ");
        let text = match how {
            0 => format!("{{\"{name}\": \"{phrase}\"}}"),
            1 => format!("{{\"{name}\":\"{phrase}\",\"a\":1}}"),
            2 => format!("{name}: {phrase}\nmore"),
            3 => format!("{name}={phrase}"),
            _ => format!("the {name} is {phrase}"),
        };
        (json!(text), words)
    })
}

fn in_quotes() -> impl Strategy<Value = Planted> {
    let words = prop::collection::vec(word(), 2..6);
    let mark = prop::sample::select(vec!["\"", "'", "\\\""]);
    let sign = prop::sample::select(vec!["=", ": ", ":", " = "]);
    (name(), sign, mark, words).prop_map(|(name, sign, mark, words)| {
        let text = format!("{name}{sign}{mark}{}{mark} and more", words.join(" "));
        (json!(text), words)
    })
}

/// What people and machines write that has many digits, and no card among them.
fn ordinary_digits() -> impl Strategy<Value = String> {
    let separator = || prop::sample::select(vec![", ", ",", " ", "/", " / ", "-", "_", ". "]);
    let list = |numbers: BoxedStrategy<String>| {
        (prop::collection::vec(numbers, 18), separator())
            .prop_map(|(numbers, between)| numbers.join(between))
    };
    let small = (0_u32..1000).prop_map(|it| it.to_string());
    let date = (1970..2100, 1..13, 1..29).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"));
    let time = (1970..2100, 1..13, 1..29, 0..24, 0..60, 0..1000)
        .prop_map(|(y, m, d, h, s, ms)| format!("{y}-{m:02}-{d:02}T{h:02}:00:{s:02}.{ms:03}Z"));
    let millis = (1_000_000_000_000_u64..2_000_000_000_000).prop_map(|it| it.to_string());
    let id = (1_000_000_000_000_000_000_u64..=u64::MAX / 2).prop_map(|it| it.to_string());
    let fraction = (0_u32..100, 0_u64..10_000_000_000_000_000)
        .prop_map(|(whole, fraction)| format!("{whole}.{fraction:016}"));
    prop_oneof![
        list(small.boxed()),
        list(date.boxed()),
        list(time.boxed()),
        list(millis.boxed()),
        list(id.boxed()),
        fraction,
    ]
}

fn planted() -> impl Strategy<Value = Planted> {
    let shapes = prop_oneof![
        access_key(),
        address(),
        card(),
        card_as_number(),
        named(),
        siblings(),
        web_token(),
        pem(),
        bearer(),
        phrase(),
        in_quotes(),
    ];
    (shapes, prop::collection::vec(0..4, 0..6)).prop_map(|((value, secrets), depth)| {
        let nest = |value: Value, how: i32| match how {
            0 => json!([value]),
            1 => json!({"a": value}),
            2 => json!(["x", {"b": 1}, value]),
            _ => json!({"what": "this", "then": value, "z": null}),
        };
        (depth.into_iter().fold(value, nest), secrets)
    })
}

proptest! {
    #[test]
    fn ordinary_digits_stay_as_they_are(text in ordinary_digits()) {
        let input = json!(text);
        prop_assert_eq!(RecordedInput::of(&input, &[]).value, input);
    }

    #[test]
    fn no_secret_of_a_listed_shape_survives_at_any_depth((input, secrets) in planted()) {
        let kept = RecordedInput::of(&input, &[]);
        let text = kept.value.to_string();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        for secret in secrets {
            let number = secret.bytes().all(|byte| byte.is_ascii_digit());
            let seen = if number { digits.contains(&secret) } else { text.contains(&secret) };
            prop_assert!(!seen, "`{secret}` of {input} in {text}");
        }
        prop_assert_eq!(kept.kept, Kept::Cut);
    }
}
