//! The machine interfaces: a line in, a line out.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::process::ExitCode;

use crate::failure::Failure;

/// The longest line that is answered, its end not counted.
const MAX_LINE: usize = 16 << 20;

/// What answers lines, and what answers for those that cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// To a line.
    pub(crate) answer: fn(&str) -> String,
    /// To a line that is no text or too long, and why.
    pub(crate) unreadable: fn(&str) -> String,
}

/// Answers every line of standard input, in order, until it ends or nobody reads any more. Answers
/// are passed on whenever the next line has not come yet, so that a program may ask and wait.
pub(crate) fn pump(machine: Machine) -> Result<ExitCode, Failure> {
    let mut input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut out = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MAX_LINE as u64 + 1;
        let read = input.by_ref().take(limit).read_until(b'\n', &mut line);
        match read {
            Ok(0) => {
                let _closed = out.flush();
                return Ok(ExitCode::SUCCESS);
            }
            Ok(_) => {}
            Err(error) => {
                let _closed = out.flush();
                let message = format!("standard input cannot be read: {error}");
                return Err(Failure::new("InputUnreadable", message));
            }
        }
        let answer = if line.last() != Some(&b'\n') && line.len() > MAX_LINE {
            skip_line(&mut input);
            (machine.unreadable)(&format!("a line has at most {MAX_LINE} bytes"))
        } else {
            match std::str::from_utf8(&line) {
                Ok(text) => (machine.answer)(text.trim_end_matches(['\r', '\n'])),
                Err(error) => (machine.unreadable)(&format!("the line is no UTF-8: {error}")),
            }
        };
        // A closed pipe is the reader's way of saying that it has seen enough.
        let mut written = writeln!(out, "{answer}");
        if input.buffer().is_empty() {
            written = written.and_then(|()| out.flush());
        }
        if written.is_err() {
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
