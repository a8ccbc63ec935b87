//! Words that look like keys.

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
/// How many characters the secret access key of AWS has.
const ACCESS_KEY: usize = 40;
/// From how many characters on it is looked for Base64 with `/` and `+` in it.
const BASE64: usize = 32;

pub(super) fn looks_like_key(word: &str) -> bool {
    let lower = word.to_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    let mut parts =
        lower.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '_' | '-')));
    let mut runs = word.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')));
    begins_like_a_key(bare)
        || has_web_token(word)
        || parts.any(|part| is_key(part) || begins_like_a_key(part))
        || runs.any(|run| is_base64(run) || segments(run).any(is_base64))
}

/// Whether a word is a key by what it begins with.
pub(super) fn is_prefixed(word: &str) -> bool {
    let lower = word.to_lowercase();
    begins_like_a_key(lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '-'))
}

fn begins_like_a_key(lower: &str) -> bool {
    let begins = |prefix: &&str| {
        let rest = lower.strip_prefix(*prefix);
        rest.is_some_and(|rest| rest.len() >= 8 && rest.bytes().any(|b| b.is_ascii_digit()))
    };
    PREFIXES.iter().any(begins)
}

/// A JSON web token, or what is left of one: it begins with `{"` as Base64.
fn has_web_token(word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = word.get(from..).and_then(|rest| rest.find("eyJ")) {
        let start = from + at;
        let before = word.get(..start).unwrap_or_default();
        let rest = word.get(start..).unwrap_or_default();
        let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let header = rest.find(|c| !token(c)).unwrap_or(rest.len());
        if header >= 12 && !before.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            return true;
        }
        from = start + 3;
    }
    false
}

/// A long run of letters mixed with digits, but for a UUID and for words joined by hyphens.
fn is_key(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let alphabetic = part.bytes().filter(u8::is_ascii_alphabetic).count();
    let longest = part.split(['-', '_']).map(str::len).max().unwrap_or(0);
    let hex = part.len() >= 40 && part.bytes().all(|b| b.is_ascii_hexdigit());
    hex || (part.len() >= LONG && longest >= 16 && digits >= 2 && alphabetic >= 2)
}

/// A run of Base64 that is no path: large, small and digits follow each other without order.
fn is_base64(run: &str) -> bool {
    if run.len() < BASE64 || !run.bytes().any(|byte| matches!(byte, b'/' | b'+')) {
        return run.len() == ACCESS_KEY && changes(run) * 5 >= run.len() * 2;
    }
    let has = |of: fn(&u8) -> bool| run.bytes().any(|byte| of(&byte));
    if !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_lowercase) {
        return false;
    }
    let (changes, slashes) = (changes(run), run.matches('/').count());
    let mixed = has(u8::is_ascii_digit) || run.contains('+');
    let disordered = changes * 5 >= run.len() * 2;
    let access_key = run.len() == ACCESS_KEY && slashes <= 2 && changes >= 12;
    disordered || (mixed && access_key)
}

/// What of a run of Base64 may be an access key that stands between slashes.
fn segments(run: &str) -> impl Iterator<Item = &str> {
    let slashes = run.match_indices('/').map(|(at, _)| at + 1);
    let starts = std::iter::once(0).chain(slashes);
    let segment = |start: usize| {
        let ends = run
            .get(start + ACCESS_KEY..)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        run.get(start..start + ACCESS_KEY).filter(|_| ends)
    };
    starts.filter_map(segment)
}

/// How often a character is of another kind than the one before it.
fn changes(run: &str) -> usize {
    let kind = |byte: u8| match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let pairs = run.bytes().zip(run.bytes().skip(1));
    pairs
        .filter(|(one, next)| kind(*one) != kind(*next))
        .count()
}
