//! Which members of `import * as ns` a file takes.

use std::collections::{BTreeMap, BTreeSet};

use crate::lexer::{Kind, Tokens};

/// What is known of one such name.
#[derive(Debug, Default)]
struct Uses {
    /// Members that are called, constructed, extended or read further while the file is loaded: each
    /// fails if it is missing.
    needed: BTreeSet<String>,
    /// Members that are also looked at in a way that asks whether they are there.
    asked_for: BTreeSet<String>,
    /// Whether the name is used in another way than `ns.member`: then it may be another variable of the same name, and nothing is said.
    is_passed_on: bool,
}

/// For each of these names the members that must be there for the file to load.
pub(super) fn needed_members<'a>(
    tokens: &Tokens<'_>,
    names: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<&'a str, BTreeSet<String>> {
    let mut uses: BTreeMap<&str, Uses> = names
        .into_iter()
        .map(|name| (name, Uses::default()))
        .collect();
    if uses.is_empty() {
        return BTreeMap::new();
    }
    for at in 0..tokens.len() {
        let Some(found) = tokens.word(at).and_then(|word| uses.get_mut(word)) else {
            continue;
        };
        let is_declared_here = at
            .checked_sub(1)
            .is_some_and(|before| tokens.is_word(before, "as"));
        if !tokens.is_member(at) && !is_declared_here {
            found.note(tokens, at);
        }
    }
    uses.into_iter()
        .map(|(name, uses)| (name, uses.certain()))
        .collect()
}

impl Uses {
    fn note(&mut self, tokens: &Tokens<'_>, at: usize) {
        let member = tokens
            .is_mark(at + 1, b'.')
            .then(|| tokens.word(at + 2))
            .flatten();
        let Some(member) = member else {
            self.is_passed_on = true;
            return;
        };
        let before = at.checked_sub(1).and_then(|at| tokens.word(at));
        let fails_without = matches!(before, Some("new" | "extends"))
            || [b'(', b'.', b'[']
                .iter()
                .any(|mark| tokens.is_mark(at + 3, *mark))
            || tokens
                .get(at + 3)
                .is_some_and(|next| next.kind == Kind::Template);
        if !fails_without || before == Some("typeof") {
            self.asked_for.insert(member.to_owned());
        } else if tokens.get(at).is_some_and(|token| !token.in_block) {
            self.needed.insert(member.to_owned());
        }
    }

    fn certain(self) -> BTreeSet<String> {
        if self.is_passed_on {
            return BTreeSet::new();
        }
        let Self {
            needed, asked_for, ..
        } = self;
        needed.difference(&asked_for).cloned().collect()
    }
}
