//! The text of an `.npmrc`: an ini dialect, with npm's own quoting and variables.

use std::collections::BTreeMap;

/// One top-level setting, as written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// The key, without a closing `[]`.
    pub(crate) key: String,
    /// The value; `true` where there is only a key.
    pub(crate) value: String,
    /// Whether the key was written `key[]`.
    pub(crate) list: bool,
}

/// The top-level settings in order. What stands below a `[section]` is no setting of npm's.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.split(['\r', '\n']) {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        if line.starts_with('[') && line.ends_with(']') {
            break;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (unquote(key), unquote(value)),
            None => (unquote(line), "true".to_owned()),
        };
        let (key, list) = match key.strip_suffix("[]") {
            Some(stem) if !stem.is_empty() => (stem.to_owned(), true),
            _ => (key, false),
        };
        if key.is_empty() || key == "__proto__" {
            continue;
        }
        lines.push(Line { key, value, list });
    }
    lines
}

/// Quotes are taken off as JSON reads them; outside quotes `;` and `#` begin a comment and `\`
/// escapes only these and itself.
fn unquote(text: &str) -> String {
    let text = text.trim();
    if text.len() >= 2 && text.starts_with('"') && text.ends_with('"') {
        return serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    if let Some(inner) = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\'')) {
        return serde_json::from_str(inner).unwrap_or_else(|_| inner.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ';' | '#' => break,
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ';' | '#')) => plain.push(escaped),
                Some(other) => {
                    plain.push('\\');
                    plain.push(other);
                }
                None => plain.push('\\'),
            },
            _ => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

/// Replaces `${NAME}` and `${NAME?}` from the environment, as npm does: a name that is not there
/// stays as written, with `?` it becomes empty, and an odd number of backslashes before it
/// escapes it. Names that were found are added to `used`.
pub(crate) fn expand(
    text: &str,
    environment: &BTreeMap<String, String>,
    used: &mut BTreeMap<String, String>,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let inner = from.get(2..).unwrap_or_default();
        let end = inner.find('}');
        let name = end.and_then(|end| inner.get(..end)).unwrap_or_default();
        let (bare, optional) = match name.strip_suffix('?') {
            Some(bare) => (bare, true),
            None => (name, false),
        };
        let well_formed = !bare.is_empty() && !bare.contains(['$', '{', '?']);
        let Some(end) = end.filter(|_| well_formed) else {
            out.push_str(before);
            out.push_str("${");
            rest = inner;
            continue;
        };
        let stem = before.trim_end_matches('\\');
        let slashes = before.len().saturating_sub(stem.len());
        out.push_str(stem);
        out.extend(std::iter::repeat_n('\\', slashes / 2));
        if slashes % 2 == 1 {
            out.push_str("${");
            out.push_str(name);
            out.push('}');
        } else if let Some(value) = environment.get(bare) {
            used.insert(bare.to_owned(), value.clone());
            out.push_str(value);
        } else if !optional {
            out.push_str("${");
            out.push_str(bare);
            out.push('}');
        }
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{expand, parse};
    use std::collections::BTreeMap;

    #[test]
    fn lines_are_read_as_npm_reads_them() {
        let check = |text: &str, expect: &[(&str, &str, bool)]| {
            let found: Vec<_> = parse(text)
                .into_iter()
                .map(|l| (l.key, l.value, l.list))
                .collect();
            let expect: Vec<_> = expect
                .iter()
                .map(|(k, v, l)| ((*k).to_owned(), (*v).to_owned(), *l))
                .collect();
            assert_eq!(found, expect, "{text:?}");
        };
        check("", &[]);
        check("a=b", &[("a", "b", false)]);
        check("  a =  b c  \r\n", &[("a", "b c", false)]);
        check("; x\n# y\n\na=1", &[("a", "1", false)]);
        check("flag", &[("flag", "true", false)]);
        check("a=b ; comment", &[("a", "b", false)]);
        check("a=b\\;c", &[("a", "b;c", false)]);
        check("a=b\\n", &[("a", "b\\n", false)]);
        check("a=\"b;c\\n\"", &[("a", "b;c\n", false)]);
        check("a='b#c'", &[("a", "b#c", false)]);
        check("a=x=y", &[("a", "x=y", false)]);
        check("ca[]=1\nca[]=2", &[("ca", "1", true), ("ca", "2", true)]);
        check("a=1\n[section]\nb=2", &[("a", "1", false)]);
        check("__proto__=1\n=2", &[]);
        check(
            "//h.example/:_authToken=${T}",
            &[("//h.example/:_authToken", "${T}", false)],
        );
    }

    #[test]
    fn variables_are_replaced_as_npm_replaces_them() {
        let environment: BTreeMap<_, _> = [("T", "tok"), ("E", "")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        for (text, expect) in [
            ("plain", "plain"),
            ("${T}", "tok"),
            ("a${T}b${T}", "atokbtok"),
            ("${E}", ""),
            ("${NONE}", "${NONE}"),
            ("${NONE?}x", "x"),
            ("${T?}", "tok"),
            ("\\${T}", "${T}"),
            ("\\\\${T}", "\\tok"),
            ("${", "${"),
            ("${}", "${}"),
            ("${${T}}", "${tok}"),
            ("$T", "$T"),
        ] {
            let mut used = BTreeMap::new();
            assert_eq!(expand(text, &environment, &mut used), expect, "{text}");
        }
    }
}
