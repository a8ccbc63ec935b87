//! Words of a program, and walking over them.

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or a keyword, or a private name with its `#`.
    Word,
    /// A number.
    Number,
    /// A text in single or double quotes, with them.
    Text,
    /// A template or one of the parts between its expressions.
    Template,
    /// A regular expression with its flags.
    Regex,
    /// One character of punctuation; `${` of a template is its `{`.
    Mark(u8),
}

/// One word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// How many brackets are open around it. A bracket and its partner have the same depth.
    pub(crate) depth: u32,
    /// Whether a `{` is open around it: code that may run later or never.
    pub(crate) in_block: bool,
    /// Whether it is the first on its line.
    pub(crate) new_line: bool,
}

/// The words of one file.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    source: &'a str,
    all: Vec<Token>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(source: &'a str, all: Vec<Token>) -> Self {
        Self { source, all }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, at: usize) -> Option<Token> {
        self.all.get(at).copied()
    }

    pub(crate) fn before(&self, at: usize) -> Option<Token> {
        self.get(at.checked_sub(1)?)
    }

    fn slice(&self, token: Token) -> &'a str {
        let range = token.start as usize..token.end as usize;
        self.source.get(range).unwrap_or_default()
    }

    /// The name or keyword that stands there.
    pub(crate) fn word(&self, at: usize) -> Option<&'a str> {
        let token = self.get(at)?;
        (token.kind == Kind::Word).then(|| self.slice(token))
    }

    pub(crate) fn is_word(&self, at: usize, word: &str) -> bool {
        self.word(at) == Some(word)
    }

    pub(crate) fn is_mark(&self, at: usize, mark: u8) -> bool {
        self.get(at)
            .is_some_and(|token| token.kind == Kind::Mark(mark))
    }

    /// Whether these characters stand there, with nothing between them.
    pub(crate) fn are_marks(&self, at: usize, marks: &[u8]) -> bool {
        let joined = |at: usize| match (self.before(at), self.get(at)) {
            (Some(left), Some(right)) => left.end == right.start,
            _ => false,
        };
        (at..)
            .zip(marks)
            .all(|(place, mark)| self.is_mark(place, *mark) && (place == at || joined(place)))
    }

    /// Whether a member of something stands there: `.` is before it, and it is no spread `...`.
    pub(crate) fn is_member(&self, at: usize) -> bool {
        let dot = |at: Option<usize>| at.is_some_and(|at| self.is_mark(at, b'.'));
        dot(at.checked_sub(1)) && !(dot(at.checked_sub(2)) && dot(at.checked_sub(3)))
    }

    /// The value of the text in quotes that stands there.
    pub(crate) fn text(&self, at: usize) -> Option<String> {
        let token = self.get(at)?;
        if token.kind != Kind::Text {
            return None;
        }
        let quoted = self.slice(token);
        unescape(quoted.get(1..quoted.len().checked_sub(1)?)?)
    }

    /// The line of the word that stands there, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        let end = self.get(at).map_or(0, |token| token.start as usize);
        let before = self.source.get(..end).unwrap_or_default();
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    /// The first place after `at`, at which a bracket stands, that is behind the partner of it.
    pub(crate) fn after_brackets(&self, at: usize) -> usize {
        let Some(open) = self.get(at) else {
            return self.len();
        };
        let mut place = at + 1;
        while self
            .get(place)
            .is_some_and(|token| token.depth > open.depth)
        {
            place += 1;
        }
        place + 1
    }
}

/// Resolves the escapes of a text. None for one that is not well formed or not Unicode.
fn unescape(text: &str) -> Option<String> {
    if !text.contains('\\') {
        return Some(text.to_owned());
    }
    let mut value = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            value.push(character);
            continue;
        }
        match rest.next()? {
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            'b' => value.push('\u{8}'),
            'f' => value.push('\u{c}'),
            'v' => value.push('\u{b}'),
            '\n' | '\u{2028}' | '\u{2029}' => {}
            '\r' => {
                if rest.as_str().starts_with('\n') {
                    rest.next();
                }
            }
            'x' => value.push(hexadecimal(
                rest.by_ref().take(2).collect::<String>().as_str(),
            )?),
            'u' if rest.as_str().starts_with('{') => {
                rest.next();
                let digits: String = rest.by_ref().take_while(|c| *c != '}').collect();
                value.push(hexadecimal(&digits)?);
            }
            'u' => value.push(hexadecimal(
                rest.by_ref().take(4).collect::<String>().as_str(),
            )?),
            '0'..='9' => return None,
            other => value.push(other),
        }
    }
    Some(value)
}

fn hexadecimal(digits: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}
