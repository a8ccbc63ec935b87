//! What looks or is called like a secret.

use serde_json::Value;

use crate::sanitize::SECRET;

/// Parts of names (lower case, letters and digits only) of what is nobody else's business.
const PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "authorization",
    "credential",
    "mnemonic",
    "seedphrase",
    "recoveryphrase",
    "recoverycode",
    "backupcode",
    "cookie",
    "sessionid",
    "bearer",
    "connectionstring",
    "webhookurl",
];

/// Whole names of the same.
const NAMES: &[&str] = &[
    "auth",
    "pwd",
    "pass",
    "pin",
    "otp",
    "totp",
    "cvv",
    "cvc",
    "ssn",
    "iban",
    "jwt",
    "sid",
    "dsn",
    "databaseurl",
    "cardnumber",
    "seed",
];

/// What secrets begin with.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "akia",
    "asia",
    "aiza",
    "ya29.",
    "eyj",
    "hf_",
    "npm_",
    "pypi-",
    "dop_v1_",
    "shpat_",
    "sq0",
    "whsec_",
];

/// From how many characters on letters mixed with digits look like a key.
const LONG: usize = 24;

/// Whether a value under this name (lower case, letters and digits only) is nobody else's business.
pub(crate) fn is_secret_name(plain: &str, value: &Value) -> bool {
    // `max_tokens` is a number, `token` is not.
    let a_token = plain.contains("token") && !matches!(value, Value::Number(_) | Value::Bool(_));
    let empty = value.is_null() || value.is_boolean();
    !empty && (a_token || is_called_secret(plain))
}

fn is_called_secret(plain: &str) -> bool {
    NAMES.contains(&plain) || PARTS.iter().any(|part| plain.contains(part))
}

/// A text without its words that look like secrets, or follow a word that announces one. Spaces
/// stay as they are.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut next = Next::Plain;
    let mut in_key = false;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        let space = piece.get(word.len()..).unwrap_or_default();
        in_key |= word.contains("-----BEGIN");
        let was_in_key = in_key;
        in_key &= !word.contains("-----END");
        if word.is_empty() {
            open.push_str(space);
            continue;
        }
        let hidden = was_in_key || next == Next::Secret || looks_secret(word);
        next = announced(word, next);
        open.push_str(if hidden { SECRET } else { word });
        open.push_str(space);
    }
    without_cards(&open)
}

/// What the next word is, after those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Plain,
    /// A secret was named: what follows an `is` or `=` is it.
    Named,
    Secret,
}

fn announced(word: &str, before: Next) -> Next {
    let (name, rest) = word.split_at(word.trim_end_matches([':', '=']).len());
    let plain: String = letters(name);
    let named = is_called_secret(&plain) || plain == "token";
    match (named, rest.is_empty()) {
        (true, false) => Next::Secret,
        _ if matches!(plain.as_str(), "bearer" | "basic") => Next::Secret,
        (true, true) => Next::Named,
        _ if before == Next::Named => match name {
            "" | "is" | "was" | "are" | "to" | "->" | "=>" | "-" => Next::Secret,
            _ => Next::Plain,
        },
        _ => Next::Plain,
    }
}

fn letters(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn looks_secret(word: &str) -> bool {
    let lower = word.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    let mut parts =
        lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '_' | '-')));
    has_password(word)
        || assigns_secret(word)
        || begins_like_a_key(bare)
        || parts.any(|part| is_key(part) || begins_like_a_key(part))
}

fn begins_like_a_key(lower: &str) -> bool {
    let begins = |prefix: &&str| {
        let rest = lower.strip_prefix(*prefix);
        rest.is_some_and(|rest| rest.len() >= 8 && rest.bytes().any(|b| b.is_ascii_digit()))
    };
    PREFIXES.iter().any(begins)
}

/// `scheme://user:password@host`.
fn has_password(word: &str) -> bool {
    let Some((_, rest)) = word.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains('@')
}

/// `password=..`, also as a part of an address or of JSON.
fn assigns_secret(word: &str) -> bool {
    let mut pairs = word.split(['&', '?', ',', ';', '{', '}']);
    pairs.any(|pair| match pair.split_once(['=', ':']) {
        Some((name, value)) => {
            let plain = letters(name);
            let named = is_called_secret(&plain) || plain.ends_with("token");
            named && !letters(value).is_empty()
        }
        None => false,
    })
}

/// A long run of letters mixed with digits, but for a UUID and for words joined by hyphens.
fn is_key(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let alphabetic = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let longest = part.split(['-', '_']).map(str::len).max().unwrap_or(0);
    let hex = part.len() >= 40 && part.bytes().all(|b| b.is_ascii_hexdigit());
    hex || (part.len() >= LONG && longest >= 16 && digits >= 2 && alphabetic >= 2)
}

/// The same without numbers of cards: 13 to 19 digits in groups whose check digit is right.
fn without_cards(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        let joins = !run.is_empty() && matches!(c, ' ' | '-');
        if c.is_ascii_digit() || joins {
            run.push(c);
        } else {
            close_run(&mut open, &mut run);
            open.push(c);
        }
    }
    close_run(&mut open, &mut run);
    open
}

fn close_run(open: &mut String, run: &mut String) {
    let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
    if (13..=19).contains(&digits.len()) && checks(&digits) {
        let number = run.trim_end_matches([' ', '-']);
        open.push_str(SECRET);
        open.push_str(run.get(number.len()..).unwrap_or_default());
    } else {
        open.push_str(run);
    }
    run.clear();
}

/// The check digit of cards (Luhn).
fn checks(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ if *digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}
