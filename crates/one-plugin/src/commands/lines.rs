//! The machine interfaces: a line in, a line out.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;

use crate::failure::Failure;

/// The longest line that is answered, its end not counted.
const MAX_LINE: usize = 16 << 20;

/// How much is read at once where there is as much.
const READ: usize = 1 << 20;

/// How many lines are worth another thread.
const LINES_A_THREAD: usize = 16;

/// What answers lines, and what answers for those that cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// To a line.
    pub(crate) answer: fn(&str) -> String,
    /// To a line that is no text or too long, and why.
    pub(crate) unreadable: fn(&str) -> String,
}

/// Answers every line of standard input, in order, until it ends or nobody reads any more. Whatever
/// lines have come are answered together, on all processors, before more is waited for: a program
/// may ask and wait, or ask everything at once.
pub(crate) fn pump(machine: Machine) -> Result<ExitCode, Failure> {
    let mut input = BufReader::with_capacity(READ, std::io::stdin().lock());
    let mut out = std::io::stdout().lock();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    loop {
        let (batch, end) = read_batch(&mut input);
        let mut answers = Vec::new();
        for answer in answer_all(machine, &batch, threads) {
            answers.extend_from_slice(answer.as_bytes());
            answers.push(b'\n');
        }
        // A closed pipe is the reader's way of saying that it has seen enough.
        if out.write_all(&answers).and_then(|()| out.flush()).is_err() {
            return Ok(ExitCode::SUCCESS);
        }
        match end {
            None => {}
            Some(Ok(())) => return Ok(ExitCode::SUCCESS),
            Some(Err(error)) => {
                let message = format!("standard input cannot be read: {error}");
                return Err(Failure::new("InputUnreadable", message));
            }
        }
    }
}

/// A line, or why it is none.
type Line = Result<String, String>;

/// Waits for a line and takes those that have come with it. Also how the input ended, if it did.
fn read_batch(
    input: &mut BufReader<impl std::io::Read>,
) -> (Vec<Line>, Option<std::io::Result<()>>) {
    let mut batch = Vec::new();
    loop {
        match read_line(input) {
            Ok(Some(line)) => batch.push(line),
            Ok(None) => return (batch, Some(Ok(()))),
            Err(error) => return (batch, Some(Err(error))),
        }
        if !input.buffer().contains(&b'\n') {
            return (batch, None);
        }
    }
}

fn read_line(input: &mut impl BufRead) -> std::io::Result<Option<Line>> {
    let mut line = Vec::new();
    let limit = MAX_LINE as u64 + 1;
    if input.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') && line.len() > MAX_LINE {
        skip_line(input);
        return Ok(Some(Err(format!("a line has at most {MAX_LINE} bytes"))));
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\r' | b'\n'))
    {
        line.pop();
    }
    let text = String::from_utf8(line);
    Ok(Some(text.map_err(|error| {
        format!("the line is no UTF-8: {}", error.utf8_error())
    })))
}

/// The answers, in the order of the lines.
fn answer_all(machine: Machine, batch: &[Line], threads: usize) -> Vec<String> {
    let answer = move |line: &Line| match line {
        Ok(text) => (machine.answer)(text),
        Err(why) => (machine.unreadable)(why),
    };
    let threads = threads.min(batch.len() / LINES_A_THREAD).max(1);
    let mut parts = batch.chunks(batch.len().div_ceil(threads).max(1));
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().map(answer).collect::<Vec<_>>()))
            .collect();
        let mut answers: Vec<String> = own.iter().map(answer).collect();
        for other in others {
            match other.join() {
                Ok(part) => answers.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        answers
    })
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
