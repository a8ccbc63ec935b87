//! As much of a URL as fetching from a registry needs, in one normal form.

use std::fmt;

/// Why a text is no usable address. It never repeats the text, which may hold a password.
pub(crate) type Reason = &'static str;

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    /// In the clear.
    Http,
    /// Encrypted.
    Https,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An http or https address without user, password and fragment.
// INVARIANT: the host is lower case and not empty, the default port is not written, the path
// begins with `/` and has no dot segment, plain or encoded; nothing is a control or a space.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: Scheme,
    host: String,
    path: String,
    query: Option<String>,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, Reason> {
        if text.len() > 4096 {
            return Err("the address is longer than 4096 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("the address holds a space or a control character");
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((s, rest)) if s.eq_ignore_ascii_case("http") => (Scheme::Http, rest),
            Some((s, rest)) if s.eq_ignore_ascii_case("https") => (Scheme::Https, rest),
            _ => return Err("the address begins neither with http:// nor with https://"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let host = Self::host_of(scheme, authority)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        Ok(Self {
            scheme,
            host,
            path: normal_path(path)?,
            query,
        })
    }

    fn host_of(scheme: Scheme, authority: &str) -> Result<String, Reason> {
        if authority.contains('@') {
            return Err("the address holds a user name or password");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let plain = host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        let v6 = bracketed
            && host
                .chars()
                .all(|c| c.is_ascii_hexdigit() || "[]:.".contains(c));
        if host.is_empty() || !(plain || v6) {
            return Err("the address has no usable host");
        }
        let host = host.to_ascii_lowercase();
        match port {
            None | Some("") => Ok(host),
            Some(port) => match port.parse::<u16>() {
                Ok(port) if port == scheme.default_port() => Ok(host),
                Ok(port) => Ok(format!("{host}:{port}")),
                Err(_) => Err("the address has no usable port"),
            },
        }
    }

    /// Where a `Location` header leads from here.
    pub(crate) fn join(&self, location: &str) -> Result<Self, Reason> {
        let location = location.trim();
        if location.contains("://") && !location.starts_with(['/', '?', '.']) {
            return Self::parse(location);
        }
        let scheme = self.scheme.as_str();
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}:{location}"));
        }
        let base = format!("{scheme}://{}", self.host);
        if location.starts_with('/') {
            return Self::parse(&format!("{base}{location}"));
        }
        if location.starts_with('?') {
            return Self::parse(&format!("{base}{}{location}", self.path));
        }
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self::parse(&format!("{base}{folder}/{location}"))
    }

    /// Scheme and host with port are the same.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host == other.host
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host, with the port where it is not the usual one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The same address, as a folder: with a closing slash and no query.
    pub(crate) fn into_folder(mut self) -> Self {
        self.query = None;
        if !self.path.ends_with('/') {
            self.path.push('/');
        }
        self
    }

    /// The address of `name` in this folder. `name` is a checked name: nothing of it needs
    /// encoding but the slash of a scope.
    pub(crate) fn package(&self, name: &str) -> Self {
        let mut url = self.clone();
        url.path.push_str(&name.replace('/', "%2f"));
        url
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.host, self.path)?;
        match &self.query {
            Some(query) => write!(f, "?{query}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may be a signature that opens what it names.
        write!(f, "{}://{}{}", self.scheme.as_str(), self.host, self.path)
    }
}

/// Resolves dot segments, so that a prefix of the path means what it says.
fn normal_path(path: &str) -> Result<String, Reason> {
    let mut segments: Vec<&str> = Vec::new();
    let mut open = true;
    for segment in path.split('/').skip(1) {
        open = false;
        match segment {
            "." => open = true,
            ".." => {
                segments.pop();
                open = true;
            }
            _ if segment.to_ascii_lowercase().contains("%2e") => {
                return Err("the path of the address holds an encoded dot");
            }
            _ if segment.contains('\\') => return Err("the path of the address holds a backslash"),
            _ => segments.push(segment),
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in &segments {
        normal.push('/');
        normal.push_str(segment);
    }
    if normal.is_empty() || open {
        normal.push('/');
    }
    Ok(normal)
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn addresses_take_one_form() {
        for (text, expect) in [
            ("http://H.example", Ok("http://h.example/")),
            ("https://h.example:443/a", Ok("https://h.example/a")),
            ("http://h.example:443/a/", Ok("http://h.example:443/a/")),
            ("HTTP://h.example/a/../b/./c", Ok("http://h.example/b/c")),
            ("http://h.example/a/..", Ok("http://h.example/")),
            ("http://h.example/../../x?q#f", Ok("http://h.example/x?q")),
            ("http://h.example//a", Ok("http://h.example//a")),
            ("http://[::1]:8080/x", Ok("http://[::1]:8080/x")),
            ("http://[::1]/x", Ok("http://[::1]/x")),
            ("ftp://h.example/", Err(())),
            ("h.example", Err(())),
            ("http://", Err(())),
            ("http://u:p@h.example/", Err(())),
            ("http://h.example:x/", Err(())),
            ("http://h.example/a b", Err(())),
            ("http://h.example/%2e%2E/x", Err(())),
            ("http://h.example/a\\..\\b", Err(())),
        ] {
            let found = Url::parse(text).map(|u| u.to_string()).map_err(|_| ());
            assert_eq!(found, expect.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn locations_lead_where_a_browser_would_go() {
        let base = Url::parse("https://h.example/a/b?q").expect("an address");
        for (location, expect) in [
            ("https://o.example/x", "https://o.example/x"),
            ("//o.example/x", "https://o.example/x"),
            ("/x", "https://h.example/x"),
            ("x", "https://h.example/a/x"),
            ("../x", "https://h.example/x"),
            ("?z", "https://h.example/a/b?z"),
            (
                "/x?u=http://o.example/",
                "https://h.example/x?u=http://o.example/",
            ),
        ] {
            let found = base.join(location).map(|u| u.to_string());
            assert_eq!(found.as_deref(), Ok(expect), "{location}");
        }
    }
}
