//! Where an adapter's statements are held to one place.

use std::path::{Path, PathBuf};

/// A predicate in a file: `place = ?1`, `k.place = l.place`, `place = '\\x00'`, or a `WHERE k.place` whose statement goes on elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) file: PathBuf,
    pub(super) line: usize,
    /// Where in the file's text, in bytes.
    pub(super) at: usize,
    pub(super) text: String,
    /// What takes its place: the same parameters, but always true.
    pub(super) instead: String,
}

impl Site {
    /// `find.rs:26`.
    pub(super) fn at_line(&self) -> String {
        let name = self.file.file_name().unwrap_or_default();
        format!("{}:{}", name.to_string_lossy(), self.line)
    }

    pub(super) fn shown(&self) -> String {
        format!("{} `{}`", self.at_line(), self.text)
    }
}

/// Where a file holds a statement to one place.
pub(super) fn predicates(file: &Path, text: &str) -> Vec<Site> {
    let found = text.match_indices("place");
    found
        .filter_map(|(at, word)| {
            let (before, after) = (text.get(..at)?, text.get(at + word.len()..)?);
            let line = before.rsplit('\n').next().unwrap_or_default();
            if line.trim_start().starts_with("//") {
                return None;
            }
            // With the name of its table: `k.place`.
            let start = before
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'))
                .map_or(0, |at| at + 1);
            let column = text.get(start..at + word.len())?;
            if column != "place" && !column.ends_with(".place") {
                return None;
            }
            let (whole, instead) = widened(text.get(..start)?, column, after)?;
            Some(site(file, text, start, &whole, &instead))
        })
        .collect()
}

/// A predicate on `column`, and what is always true with the same parameters.
fn widened(before: &str, column: &str, after: &str) -> Option<(String, String)> {
    if after.starts_with('"') {
        // What it is compared with is put behind it elsewhere, and always is `$1`.
        let condition = ["WHERE", "AND", "ON"];
        let ends = condition
            .iter()
            .any(|word| before.trim_end().ends_with(word));
        return ends.then(|| (column.to_owned(), format!("COALESCE($1, {column})")));
    }
    let value = after.strip_prefix(" = ")?;
    let value = match value.strip_prefix('\'') {
        // The shared registry, in words.
        Some(text) => value.get(..text.find('\'')? + 2)?,
        None => {
            let width = value.find(|c: char| !(c.is_ascii_alphanumeric() || "?$_.".contains(c)));
            let (value, rest) = value.split_at(width.unwrap_or(value.len()));
            // `let place = scope.place()` is Rust, not SQL.
            if before.ends_with("let ") || rest.starts_with('(') {
                return None;
            }
            let is_sql = value.starts_with(['?', '$']) || value.ends_with(".place");
            is_sql.then_some(value)?
        }
    };
    let whole = format!("{column} = {value}");
    let instead = format!("({whole} OR 1 = 1)");
    Some((whole, instead))
}

pub(super) fn site(file: &Path, text: &str, at: usize, whole: &str, instead: &str) -> Site {
    let before = text.get(..at).unwrap_or_default();
    Site {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        at,
        text: whole.to_owned(),
        instead: instead.to_owned(),
    }
}

/// Without ` INDEXED BY name`, also where the name is put in by `format!`: it stays as a comment then, so that its variable is used.
pub(super) fn without_indexes(text: &str) -> String {
    const HINT: &str = " INDEXED BY ";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(HINT) {
        out.push_str(before);
        let end = after
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_{}".contains(c)))
            .unwrap_or(after.len());
        let (name, behind) = after.split_at(end);
        out.push_str(" /* ");
        out.push_str(name);
        out.push_str(" */");
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicates_are_found_where_they_are() {
        let text = "// place = ?1 in words\n\
                    \"SELECT doc FROM a WHERE place = ?1 AND b = ?2\";\n\
                    let place = 5; let place = scope.place();\n\
                    \"ON k.place = l.place AND k.id = l.id WHERE l.place = $12\"\n\
                    replace = ?; \"WHERE place = ?\"";
        let found: Vec<_> = predicates(Path::new("a.rs"), text)
            .into_iter()
            .map(|site| (site.line, site.text))
            .collect();
        let expected = [
            (2, "place = ?1"),
            (4, "k.place = l.place"),
            (4, "l.place = $12"),
            (5, "place = ?"),
        ];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_predicate_is_widened_and_keeps_its_parameter() {
        let sites = predicates(Path::new("a.rs"), "WHERE k.place = ?1)");
        assert_eq!(sites[0].instead, "(k.place = ?1 OR 1 = 1)");
        assert_eq!(sites[0].at, 6);
    }

    #[test]
    fn the_registry_in_words_and_what_goes_on_elsewhere_are_predicates_too() {
        let text = "WHERE place = '\\\\x00' AND id = $2\", \"AND k.place\", field(\"place\")";
        let found: Vec<_> = predicates(Path::new("a.rs"), text)
            .into_iter()
            .map(|site| (site.text, site.instead))
            .collect();
        let expected = [
            ("place = '\\\\x00'", "(place = '\\\\x00' OR 1 = 1)"),
            ("k.place", "COALESCE($1, k.place)"),
        ];
        assert_eq!(
            found,
            expected.map(|(text, instead)| (text.to_owned(), instead.to_owned()))
        );
    }

    #[test]
    fn statements_no_longer_insist_on_an_index() {
        let text = "FROM things INDEXED BY {index} WHERE a; b INDEXED BY b_c\"";
        assert_eq!(
            without_indexes(text),
            "FROM things /* {index} */ WHERE a; b /* b_c */\""
        );
    }
}
