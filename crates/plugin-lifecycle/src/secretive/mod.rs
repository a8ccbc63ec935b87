//! What looks or is called like a secret.

mod addresses;
mod cards;
mod keys;
mod names;
mod quotes;

use crate::sanitize::SECRET;

pub(crate) use names::{is_naming, is_secret_name, is_told_of, names_secret, plain};

use addresses::has_password;
use cards::without_cards;
use keys::{is_prefixed, looks_like_key};
use names::{is_called_phrase, is_called_secret};
use quotes::Quote;

/// A text without its words that look like secrets, or follow a word that announces one. Spaces
/// stay as they are.
pub(crate) fn without_secrets(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut next = Next::Plain;
    let mut block = Block::Outside;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        let space = piece.get(word.len()..).unwrap_or_default();
        if word.is_empty() {
            open.push_str(space);
            continue;
        }
        let inside = block.take(word);
        let hidden = inside || next.hides() || looks_secret(word);
        next = next.after(word);
        if space.contains('\n') {
            next = next.on_a_new_line();
        }
        open.push_str(if hidden { SECRET } else { word });
        open.push_str(space);
    }
    without_cards(&open)
}

/// Where a PEM block stands: `-----BEGIN PRIVATE KEY-----` to `-----END PRIVATE KEY-----`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Outside,
    Inside,
    /// Between `-----END` and the hyphens that close it.
    Ending,
}

impl Block {
    /// Goes on by a word, and says whether it belongs to a block.
    fn take(&mut self, word: &str) -> bool {
        let before = *self;
        let begin = word.rfind("-----BEGIN");
        let end = word.rfind("-----END");
        *self = match before {
            Self::Outside | Self::Inside if begin > end => Self::Inside,
            Self::Outside | Self::Inside if end.is_some() => {
                let behind = word.get(end.unwrap_or_default() + "-----END".len()..);
                match behind.is_some_and(|behind| behind.contains("-----")) {
                    true => Self::Outside,
                    false => Self::Ending,
                }
            }
            Self::Ending if word.contains("-----") => Self::Outside,
            before => before,
        };
        before != Self::Outside || begin.is_some() || end.is_some()
    }
}

/// How far a secret goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Word,
    /// It is made of words: to the end of the line.
    Line,
}

impl Extent {
    fn of(name: &str) -> Self {
        if is_called_phrase(name) {
            Self::Line
        } else {
            Self::Word
        }
    }
}

/// What the next word is, after those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Plain,
    /// A secret was named: what follows an `is` or `=` is it.
    Named(Extent),
    Secret(Extent),
    /// `Authorization:` was said: how, and then the secret.
    Scheme,
    /// More of a secret that stands in quotes.
    Quoted(Quote),
    /// More of a secret that goes to the end of the line.
    Line,
}

impl Next {
    const fn hides(self) -> bool {
        !matches!(self, Self::Plain | Self::Named(_))
    }

    fn on_a_new_line(self) -> Self {
        match self {
            Self::Line => Self::Plain,
            next => next,
        }
    }

    fn after(self, word: &str) -> Self {
        match self {
            Self::Line => self,
            Self::Quoted(quote) => match quote.end(word) {
                Some(end) => Self::Plain.after(word.get(end..).unwrap_or_default()),
                None => self,
            },
            Self::Secret(extent) => goes_on(word, extent).unwrap_or_else(|| self.after_whole(word)),
            Self::Scheme => goes_on(word, Extent::Word).unwrap_or_else(|| self.after_whole(word)),
            Self::Plain | Self::Named(_) => {
                let mut assigned = assigned(word);
                let goes_on = assigned.find_map(|(extent, value)| goes_on(value, extent));
                goes_on.unwrap_or_else(|| self.after_whole(word))
            }
        }
    }

    /// After a word that no secret goes on behind.
    fn after_whole(self, word: &str) -> Self {
        let name = word.trim_end_matches([':', '=']);
        let announces = name.len() < word.len();
        let plain = plain(name);
        let named = is_called_secret(name) || plain == "token";
        let mut words = name.rsplit(|c: char| !c.is_alphanumeric());
        let last = words.find(|word| !word.is_empty());
        let last = last.unwrap_or_default().to_lowercase();
        if matches!(last.as_str(), "bearer" | "basic") {
            return Self::Secret(Extent::Word);
        }
        if self == Self::Scheme && is_scheme(word) {
            return Self::Secret(Extent::Word);
        }
        // `Cookie: a=b; c=d`
        if self.hides() && word.ends_with(';') {
            return Self::Secret(Extent::Word);
        }
        match (named, announces, self) {
            (true, true, _) if last == "authorization" => Self::Scheme,
            (true, true, _) => Self::Secret(Extent::of(name)),
            (true, false, _) => Self::Named(Extent::of(name)),
            (_, _, Self::Named(extent)) => match name {
                "" | "is" | "was" | "are" | "to" | "->" | "=>" | "-" => Self::Secret(extent),
                _ => Self::Plain,
            },
            _ => Self::Plain,
        }
    }
}

/// What is next where a secret that begins with this word goes on behind it.
fn goes_on(word: &str, extent: Extent) -> Option<Next> {
    if let Some(quote) = Quote::left_open(word) {
        return Some(Next::Quoted(quote));
    }
    let quoted = word.starts_with(['"', '\'', '`', '\\']);
    match extent {
        Extent::Line if !quoted && word.contains(char::is_alphabetic) => Some(Next::Line),
        // `passphrase: |`
        Extent::Line if !word.contains(char::is_alphanumeric) => Some(Next::Secret(extent)),
        // `seed: 42`
        Extent::Line | Extent::Word => None,
    }
}

/// `Token`, `Digest`, `AWS4-HMAC-SHA256`.
fn is_scheme(word: &str) -> bool {
    let word = word.trim_matches(|c: char| matches!(c, '"' | '\'' | ':'));
    let letters = word.chars().filter(|c| c.is_ascii_alphabetic()).count();
    letters > 2 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Whether a text holds a word that begins like a key, an address with a password, or a private key.
pub(crate) fn holds_a_key(text: &str) -> bool {
    let is_key = |word: &str| has_password(word) || is_prefixed(word);
    text.contains("PRIVATE KEY-----") || text.split_whitespace().any(is_key)
}

fn looks_secret(word: &str) -> bool {
    has_password(word) || assigns_secret(word) || looks_like_key(word)
}

/// `password=..`, also as a part of an address or of JSON.
fn assigns_secret(word: &str) -> bool {
    assigned(word).next().is_some()
}

/// How far the secrets go that a word assigns, each with the word from its value on.
fn assigned(word: &str) -> impl Iterator<Item = (Extent, &str)> {
    let mut start = 0;
    let pairs = word.split(['&', '?', ',', ';', '{', '}']);
    pairs.filter_map(move |pair| {
        let at = start;
        start += pair.len() + 1;
        let (name, value) = pair.split_once(['=', ':'])?;
        let named = is_called_secret(name) || plain(name).ends_with("token");
        let rest = word.get(at + name.len() + 1..)?;
        (named && !plain(value).is_empty()).then(|| (Extent::of(name), rest))
    })
}
