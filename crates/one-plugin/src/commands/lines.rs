//! The machine interfaces: a line in, a line out.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::ExitCode;

use crate::failure::Failure;

/// The longest line that is read; of a longer one the rest is dropped, and the answer says that it
/// cannot be read.
const MAX_LINE: u64 = 64 << 20;

/// Answers every line of standard input, in order, until it ends or nobody reads any more.
pub(crate) fn pump(answer: impl Fn(&str) -> String) -> Result<ExitCode, Failure> {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut out = std::io::stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Ok(ExitCode::SUCCESS),
            Ok(_) => {}
            Err(error) => {
                let message = format!("standard input cannot be read: {error}");
                return Err(Failure::new("InputUnreadable", message));
            }
        }
        if line.last() != Some(&b'\n') && line.len() as u64 >= MAX_LINE {
            skip_line(&mut input);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        // A closed pipe is the reader's way of saying that it has seen enough.
        if writeln!(out, "{}", answer(text))
            .and_then(|()| out.flush())
            .is_err()
        {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn skip_line(input: &mut impl BufRead) {
    loop {
        let (used, done) = match input.fill_buf() {
            Ok(bytes) if !bytes.is_empty() => match bytes.iter().position(|b| *b == b'\n') {
                Some(end) => (end + 1, true),
                None => (bytes.len(), false),
            },
            _ => return,
        };
        input.consume(used);
        if done {
            return;
        }
    }
}
