//! Colour, where it is wanted. Codes stand between pieces of our own making, never in what strangers wrote.

use clap::ValueEnum;
use plugin_resolver::{Line, Style};

/// When to colour. Variants without documentation keep `--help` on one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    #[default]
    Auto,
    Always,
    Never,
}

/// How text is put on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Ansi,
}

impl Paint {
    /// `asked` for something that is a terminal or not.
    pub(crate) fn new(asked: Colour, is_terminal: bool) -> Self {
        let refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match asked {
            Colour::Always => Self::Ansi,
            Colour::Auto if is_terminal && !refused() => Self::Ansi,
            Colour::Auto | Colour::Never => Self::Plain,
        }
    }

    /// A line in its colours.
    pub(crate) fn line(self, line: &Line) -> String {
        let pieces = line.pieces().iter();
        pieces
            .map(|piece| self.text(code(piece.style), &piece.text))
            .collect()
    }

    /// The mark of an error.
    pub(crate) fn error(self, text: &str) -> String {
        self.text("31;1", text)
    }

    fn text(self, code: &str, text: &str) -> String {
        let text = harmless(text);
        match self {
            Self::Ansi if !code.is_empty() => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Ansi | Self::Plain => text,
        }
    }
}

/// Of an SGR sequence; none for what stays as it is.
fn code(style: Style) -> &'static str {
    match style {
        Style::Name => "1",
        Style::Version => "36",
        Style::Range => "33",
        Style::Help => "32",
        _ => "",
    }
}

/// Text as a terminal may have it: plugins and packages say what they like, so control characters,
/// which could move the cursor, set titles or forge lines, become visible.
pub(crate) fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{Colour, Paint, harmless};

    #[test]
    fn what_plugins_say_does_not_move_the_cursor() {
        let said = "ok\u{1b}[2J\u{7}\r\u{9b}31m\tend\nnext";
        let shown = "ok\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m\tend\nnext";
        assert_eq!(harmless(said), shown);
        assert_eq!(
            Paint::Ansi.error(said),
            format!("\u{1b}[31;1m{shown}\u{1b}[0m")
        );
        assert_eq!(Paint::Plain.error(said), shown);
    }

    #[test]
    fn colour_is_for_terminals_unless_it_is_asked_for() {
        assert_eq!(Paint::new(Colour::Auto, false), Paint::Plain);
        assert_eq!(Paint::new(Colour::Always, false), Paint::Ansi);
        assert_eq!(Paint::new(Colour::Never, true), Paint::Plain);
    }
}
