//! From text to comparators: npm's grammar.
//!
//! node-semver rewrites the text step by step; the steps that decide what is valid are kept in their order here (white
//! space, `||`, build metadata, hyphen, operator spaces, then token by token). Text in which the first steps would change nothing, which
//! is nearly all there is, is read where it stands. There is no recursion, and no step looks at a byte more than a few times.

use super::desugar::Desugar;
use super::partial::{Miss, Partial};
use super::sets::{Sets, SetsBuilder};
use super::text::Text;
use super::{Prereleases, Range};
use crate::ResolverError;
use crate::version::bounded;

pub(super) fn sets(source: &str, prereleases: Prereleases) -> Result<Sets, ResolverError> {
    limit("a range in bytes", source.len(), Range::MAX_BYTES)?;
    let mut parser = Parser {
        source,
        prereleases,
        sets: SetsBuilder::new(),
    };
    if is_plain(source.as_bytes()) {
        parser.read_plain()?;
    } else {
        parser.read_rewritten()?;
    }
    Ok(parser.sets.build())
}

struct Parser<'a> {
    source: &'a str,
    prereleases: Prereleases,
    sets: SetsBuilder,
}

impl Parser<'_> {
    fn read_plain(&mut self) -> Result<(), ResolverError> {
        for (index, (start, part)) in pieces(self.source).enumerate() {
            if index == Range::MAX_ALTERNATIVES {
                return limit_alternatives(pieces(self.source).count());
            }
            let leading = usize::from(part.first() == Some(&b' '));
            self.read_alternative(part.trim_ascii(), |at| start + leading + at)?;
        }
        Ok(())
    }

    fn read_rewritten(&mut self) -> Result<(), ResolverError> {
        let parts = Text::normalized(self.source).split_on(b"||");
        limit_alternatives(parts.len())?;
        for part in parts {
            let part = part.trimmed().without_builds();
            match Partial::pair(part.bytes()) {
                Some((from, to)) => {
                    let read = self.desugar().hyphen(&from, &to);
                    self.complete(read, |_| part.source_position(0))?;
                }
                None => {
                    let part = part.without_operator_spaces();
                    self.read_alternative(part.bytes(), |at| part.source_position(at))?;
                }
            }
        }
        Ok(())
    }

    /// Tokens with one space between; `position` says where one of the bytes stands in the source.
    fn read_alternative(
        &mut self,
        bytes: &[u8],
        position: impl Fn(usize) -> usize,
    ) -> Result<(), ResolverError> {
        let mut start = 0;
        for token in bytes.split(|b| *b == b' ') {
            if let Err((at, expected)) = self.desugar().token(token) {
                return self.complete(Err((start + at, expected)), position);
            }
            start += token.len() + 1;
        }
        self.complete(Ok(()), position)
    }

    fn desugar(&mut self) -> Desugar<'_> {
        Desugar {
            prereleases: self.prereleases,
            comparators: self.sets.comparators(),
        }
    }

    fn complete(
        &mut self,
        read: Result<(), Miss>,
        position: impl Fn(usize) -> usize,
    ) -> Result<(), ResolverError> {
        read.map_err(|(at, expected)| ResolverError::InvalidRange {
            text: bounded(self.source),
            position: position(at),
            expected,
        })?;
        let comparators = self.sets.comparators().len();
        limit(
            "the comparators of a range",
            comparators,
            Range::MAX_COMPARATORS,
        )?;
        self.sets.end_alternative();
        Ok(())
    }
}

/// What stands between `||`, and where it begins.
fn pieces(source: &str) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = source.as_bytes().get(start..)?;
        let end = rest.windows(2).position(|pair| pair == b"||");
        next = end.map(|end| start + end + 2);
        Some((start, rest.get(..end.unwrap_or(rest.len()))?))
    })
}

/// Whether npm's first steps would change nothing: each white space is a single space, no build metadata, no hyphen range, no space
/// behind an operator.
fn is_plain(source: &[u8]) -> bool {
    let mut before = b'|';
    source.iter().all(|&byte| {
        let plain = match byte {
            b' ' => !matches!(before, b' ' | b'<' | b'>' | b'=' | b'~' | b'^'),
            b'-' => before != b' ',
            b'+' => false,
            _ => byte.is_ascii_graphic(),
        };
        before = byte;
        plain
    })
}

fn limit_alternatives(found: usize) -> Result<(), ResolverError> {
    limit(
        "the alternatives of a range",
        found,
        Range::MAX_ALTERNATIVES,
    )
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), ResolverError> {
    if found > limit {
        Err(ResolverError::InputTooLarge { what, found, limit })
    } else {
        Ok(())
    }
}
