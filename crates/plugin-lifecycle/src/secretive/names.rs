//! Names of what is nobody else's business.

use serde_json::Value;

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
    "masterkey",
    "sharedkey",
    "servicekey",
    "licensekey",
    "authkey",
    "sshkey",
    "deploykey",
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

/// Parts of names of secrets that are made of words.
const PHRASES: &[&str] = &["mnemonic", "passphrase", "seedphrase", "recoveryphrase"];

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

/// Last words of names of the same: `SMTP_PASS`, `dbPwd`.
const LAST_WORDS: &[&str] = &["pass", "pwd", "pw", "psw", "passwd", "pin", "otp", "jwt"];

/// Names of what names something: `{"name": "API_KEY", "value": ".."}`.
const NAMING: &[&str] = &[
    "name",
    "key",
    "k",
    "id",
    "label",
    "field",
    "header",
    "parameter",
    "param",
    "variable",
    "var",
    "env",
    "setting",
];

/// Names of what has that name.
const TOLD_OF: &[&str] = &[
    "val", "v", "content", "contents", "data", "text", "default", "current", "old", "new", "from",
    "to", "raw", "plain", "string",
];

/// How many digits a count has at most.
const COUNT: usize = 9;

/// A name without what spellings differ in.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// Whether a value under this name is nobody else's business.
pub(crate) fn is_secret_name(name: &str, value: &Value) -> bool {
    let plain = plain(name);
    let counts = match value {
        Value::Number(_) => true,
        // `max_tokens` is a number also where it is written as text; `token` is none.
        Value::String(text) => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            plain.contains("tokens") && digits && text.len() <= COUNT
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    };
    let a_token = plain.contains("token") && !counts;
    let empty = value.is_null() || value.is_boolean();
    !empty && (a_token || is_called_secret(name))
}

/// Whether a secret has this name. That of a token is left to who knows what it is used for.
pub(super) fn is_called_secret(name: &str) -> bool {
    let plain = plain(name);
    NAMES.contains(&plain.as_str())
        || PARTS.iter().any(|part| plain.contains(part))
        || last_word(name).is_some_and(|last| LAST_WORDS.contains(&last.as_str()))
}

/// Whether a secret of several words has this name.
pub(super) fn is_called_phrase(name: &str) -> bool {
    let plain = plain(name);
    plain == "seed" || PHRASES.iter().any(|part| plain.contains(part))
}

/// Whether this text, which stands where a name does, names a secret.
pub(crate) fn names_secret(text: &str) -> bool {
    let is_name = !text.is_empty() && text.len() <= 100 && !text.contains(char::is_whitespace);
    is_name && (is_called_secret(text) || plain(text).ends_with("token"))
}

/// Whether what stands under this name names what stands beside it.
pub(crate) fn is_naming(name: &str) -> bool {
    NAMING.contains(&plain(name).as_str())
}

/// Whether what stands under this name is what is named beside it.
pub(crate) fn is_told_of(name: &str) -> bool {
    let plain = plain(name);
    plain.contains("value") || TOLD_OF.contains(&plain.as_str())
}

/// The last word of a name, in lower case and without digits behind it: `SMTP_PASS`, `smtpPass2`.
fn last_word(name: &str) -> Option<String> {
    let name = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let mut start = name.len();
    let mut after: Option<char> = None;
    for (at, c) in name.char_indices().rev() {
        // `dbPass`: what is small before what is large ends the word before.
        if !c.is_alphabetic() || (c.is_lowercase() && after.is_some_and(char::is_uppercase)) {
            break;
        }
        start = at;
        after = Some(c);
    }
    let word = name.get(start..)?;
    (!word.is_empty()).then(|| word.to_lowercase())
}
