//! Addresses that hold a password.

/// `scheme://user:password@host`, also where the password holds what an address would have to escape.
pub(super) fn has_password(word: &str) -> bool {
    let mut from = 0;
    while let Some(at) = word.get(from..).and_then(|rest| rest.find("://")) {
        let scheme = word.get(..from + at).unwrap_or_default();
        let rest = word.get(from + at + 3..).unwrap_or_default();
        if names_user(scheme, rest) {
            return true;
        }
        from += at + 3;
    }
    false
}

/// Whether somebody's name or password stands at the beginning of what follows the scheme.
fn names_user(scheme: &str, rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    if authority.contains('@') {
        return true;
    }
    // What ends the authority may be part of a password: then there is an `@` behind it.
    let Some((host, port)) = authority.split_once(':') else {
        return false;
    };
    if !behind.contains('@') {
        return false;
    }
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    // `http://host:8080/@somebody` is a page.
    let is_web = scheme.ends_with("http") || scheme.ends_with("https");
    let is_host = is_web || host.contains('.') || host == "localhost" || host.starts_with('[');
    !is_port || behind.starts_with('#') || !is_host
}
