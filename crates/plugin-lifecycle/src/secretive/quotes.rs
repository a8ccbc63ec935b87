//! Values in quotes.

/// A quote that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quote {
    /// `"`: one behind a backslash does not close it.
    Bare(char),
    /// `\"`, as JSON has it within a text.
    Escaped(char),
}

impl Quote {
    /// The quote that a value opens and does not close.
    pub(super) fn left_open(value: &str) -> Option<Self> {
        let value = value.trim_start_matches(['(', '[', '{']);
        let inner = value.trim_start_matches('\\');
        let mark = inner.chars().next().filter(|c| is_mark(*c))?;
        let quote = match inner.len() == value.len() {
            true => Self::Bare(mark),
            false => Self::Escaped(mark),
        };
        let rest = inner.get(mark.len_utf8()..).unwrap_or_default();
        quote.end(rest).is_none().then_some(quote)
    }

    /// Where a text that stands in this quote goes on behind it.
    pub(super) fn end(self, text: &str) -> Option<usize> {
        let (Self::Bare(mark) | Self::Escaped(mark)) = self;
        let mut marks = text.match_indices(mark);
        let closes = |at: usize| {
            let before = text.get(..at).unwrap_or_default();
            let behind = text.get(at + mark.len_utf8()..).unwrap_or_default();
            let backslashes = before.len() - before.trim_end_matches('\\').len();
            let escaped = matches!(self, Self::Bare(_)) && !backslashes.is_multiple_of(2);
            // `don't`
            !escaped && !behind.starts_with(char::is_alphanumeric)
        };
        let end = marks.find(|(at, _)| closes(*at));
        end.map(|(at, _)| at + mark.len_utf8())
    }
}

const fn is_mark(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}
