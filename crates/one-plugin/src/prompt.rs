//! Asking a person for a secret, unseen.

use std::io;

use zeroize::Zeroizing;

/// The secret that a person types, if there is one at a terminal: its input is shown nowhere.
#[cfg(unix)]
pub(crate) fn ask(question: &str) -> Option<io::Result<Zeroizing<String>>> {
    use std::io::{IsTerminal as _, Write as _};

    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    let asked = || {
        let _unseen = Unseen::begin()?;
        let mut err = io::stderr().lock();
        write!(err, "{question}").and_then(|()| err.flush())?;
        let secret = typed(keys());
        writeln!(err)?;
        let more = drain()?;
        let secret = secret?;
        match more {
            0 => Ok(secret),
            _ => Err(several_lines()),
        }
    };
    Some(asked())
}

/// The secret that a person types: nobody can be asked here.
#[cfg(not(unix))]
pub(crate) fn ask(_: &str) -> Option<io::Result<Zeroizing<String>>> {
    None
}

/// A terminal that shows nothing and edits nothing, until this is dropped. Ctrl-C is a byte as any other then, so that
/// nobody is left with such a terminal.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut unseen = before.clone();
        let off = LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        unseen.local_modes.remove(off);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        // Nothing can be done where the terminal has gone.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// What is typed, byte by byte: nothing is taken before it is asked for.
#[cfg(unix)]
fn keys() -> impl Iterator<Item = io::Result<u8>> {
    std::iter::from_fn(|| {
        let mut byte = [0];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(io::stdin(), &mut byte));
        match read {
            Ok(0) => None,
            Ok(_) => Some(Ok(byte[0])),
            Err(error) => Some(Err(error.into())),
        }
    })
}

/// Takes what else was typed or pasted, unseen, and says how much it was: no shell may see it.
#[cfg(unix)]
fn drain() -> io::Result<usize> {
    use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let mut soon = tcgetattr(io::stdin())?;
    // A paste comes in pieces: it has ended when nothing comes for a tenth of a second.
    soon.special_codes[SpecialCodeIndex::VMIN] = 0;
    soon.special_codes[SpecialCodeIndex::VTIME] = 1;
    tcsetattr(io::stdin(), OptionalActions::Drain, &soon)?;
    let mut more = 0;
    for key in keys() {
        key?;
        more += 1;
    }
    Ok(more)
}

#[cfg(unix)]
fn several_lines() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "it has more than one line: give it on standard input, as in `secrets set .. < file`",
    )
}

/// A line as it is typed: Backspace takes a letter back, Ctrl-U all, Ctrl-C gives up.
#[cfg_attr(not(unix), expect(dead_code, reason = "nobody types there"))]
fn typed(bytes: impl Iterator<Item = io::Result<u8>>) -> io::Result<Zeroizing<String>> {
    const CTRL_C: u8 = 0x03;
    const CTRL_D: u8 = 0x04;
    const CTRL_U: u8 = 0x15;
    let mut line = Zeroizing::new(Vec::new());
    for byte in bytes {
        match byte? {
            b'\n' | b'\r' | CTRL_D => break,
            CTRL_C => return Err(io::Error::new(io::ErrorKind::Interrupted, "given up")),
            CTRL_U => line.clear(),
            0x08 | 0x7f => {
                // The bytes behind the first of a letter are 10xxxxxx.
                while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
            }
            byte if byte.is_ascii_control() => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "a control character was typed: give such a secret on standard input",
                ));
            }
            byte => line.push(byte),
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn a_line_is_what_was_typed_in_the_end() {
        let cases: [(&str, Option<&str>); 11] = [
            ("hu\tsh\n", None),
            ("\u{1b}[200~hush\n", None),
            ("hush\n", Some("hush")),
            ("hush\r", Some("hush")),
            ("hush", Some("hush")),
            ("hu\u{4}sh", Some("hu")),
            ("hux\u{7f}sh\n", Some("hush")),
            ("h\u{fc}\u{1f600}\u{7f}\u{7f}ush\n", Some("hush")),
            ("\u{7f}\u{8}no\u{15}hush\n", Some("hush")),
            ("hu\u{3}sh\n", None),
            ("\n", Some("")),
        ];
        for (typing, line) in cases {
            let read = typed(typing.bytes().map(Ok));
            assert_eq!(read.ok().as_deref().map(String::as_str), line, "{typing:?}");
        }
        assert!(typed([0xff, b'\n'].into_iter().map(Ok)).is_err());
    }
}
