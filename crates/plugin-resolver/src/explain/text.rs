//! Text in pieces, so that a terminal can colour it without reading it.

use std::fmt;

use crate::PackageName;
use crate::error::quoted;

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Style {
    /// Words between the rest.
    Plain,
    /// The name of a package.
    Name,
    /// A version.
    Version,
    /// What is asked of a package: a range, a tag, names that are imported.
    Range,
    /// What can be done about it.
    Help,
}

/// Some text of one style. It holds no line breaks, control characters or escape codes, whatever strangers published.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// What it is.
    pub style: Style,
    /// The text.
    pub text: String,
}

/// One line: at most [`Line::MAX_BYTES`] bytes, in a [`Grouping`](crate::Grouping) at most its
/// [`MAX_LINE_BYTES`](crate::Grouping::MAX_LINE_BYTES), cut with `…`.
///
/// ```
/// use plugin_resolver::{Failure, Request, Style, Universe, resolve};
/// # fn main() -> Result<(), plugin_resolver::ResolverError> {
/// let request = Request::new().root("gone".parse()?, "^1".parse()?);
/// if let Err(Failure::Conflict(why)) = resolve(&Universe::builder().build(), &request) {
///     let coloured: String = why.headline().pieces().iter().map(|piece| match piece.style {
///         Style::Name => format!("<b>{}</b>", piece.text),
///         _ => piece.text.clone(),
///     }).collect();
///     assert_eq!(coloured, "<b>gone</b> ^1 cannot be installed: no package of that name is known");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pieces: Vec<Piece>,
    /// How many bytes there still is room for.
    room: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self::within(Self::MAX_BYTES)
    }
}

impl Line {
    /// The most bytes of a line of an explanation.
    pub const MAX_BYTES: usize = 340;

    /// The pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// An empty line of at most so many bytes.
    pub(crate) fn within(room: usize) -> Self {
        let pieces = Vec::new();
        Self { pieces, room }
    }

    pub(crate) fn plain(self, text: &str) -> Self {
        self.with(Style::Plain, text)
    }

    pub(crate) fn help(self, text: &str) -> Self {
        self.with(Style::Help, text)
    }

    pub(crate) fn name(self, name: &PackageName) -> Self {
        self.with(Style::Name, name.as_str())
    }

    pub(crate) fn version(self, version: &impl fmt::Display) -> Self {
        self.with(Style::Version, &quoted(&version.to_string()))
    }

    /// Foreign text: on one line, and bounded.
    pub(crate) fn range(self, text: &str) -> Self {
        self.with(Style::Range, &quoted(text))
    }

    pub(crate) fn and(mut self, other: Self) -> Self {
        for piece in other.pieces {
            self = self.with(piece.style, &piece.text);
        }
        self
    }

    /// Each of some, with words between them.
    pub(crate) fn joined(
        mut self,
        parts: impl IntoIterator<Item = Self>,
        between: Between,
    ) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let last = parts.len().saturating_sub(1);
        for (at, part) in parts.into_iter().enumerate() {
            let words = match (at, between) {
                (0, _) => "",
                (_, Between::And) if at == last => " and ",
                (_, Between::Or) if at == last => " or ",
                (_, Between::Semicolon) => "; ",
                (_, Between::And | Between::Or | Between::Comma) => ", ",
            };
            self = self.plain(words).and(part);
        }
        self
    }

    fn with(mut self, style: Style, text: &str) -> Self {
        const CUT: &str = "…";
        let room = self.room;
        if text.is_empty() || room == 0 {
            return self;
        }
        let mut text = text.to_owned();
        if text.len() > room || (text.len() == room && room < CUT.len()) {
            let mut kept = room.saturating_sub(CUT.len());
            while !text.is_char_boundary(kept) {
                kept -= 1;
            }
            text.truncate(kept);
            text.push_str(CUT);
            self.room = 0;
        } else {
            self.room -= text.len();
        }
        match self.pieces.last_mut() {
            Some(last) if last.style == style => last.text.push_str(&text),
            _ => self.pieces.push(Piece { style, text }),
        }
        self
    }
}

/// What stands between the members of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    Comma,
    Semicolon,
    And,
    Or,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces
            .iter()
            .try_for_each(|piece| f.write_str(&piece.text))
    }
}
