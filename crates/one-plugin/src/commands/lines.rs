//! The machine interfaces: a line in, a line out.
//!
//! Lines that have come are handed out in parcels: threads answer them, and one more writes the answers in the order of the
//! lines. What is on its way is bounded, and what is written is flushed before more is waited for.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::failure::Failure;

/// The longest line that is answered, its end not counted.
const MAX_LINE: usize = 16 << 20;

/// How much is read at once where there is as much.
const READ: usize = 256 << 10;

/// How many lines are taken at once where there are as many.
const LINES: usize = 1024;

/// How many lines are answered before the next thread may have some, at most.
const PARCEL: usize = 64;

/// How much may be on its way: bytes of lines, and for each line what its answer may need.
const ON_ITS_WAY: usize = 32 << 20;

/// What the answer to a short line needs.
const ANSWER: usize = 1024;

/// What some programs begin a text with; it is no part of the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What answers lines, and what answers for those that cannot be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// To a line.
    pub(crate) answer: fn(&str) -> String,
    /// To a line that is no text or too long, and why.
    pub(crate) unreadable: fn(&str) -> String,
}

/// A line, or why it is none.
type Line = Result<String, String>;

/// Lines to be answered, and who waits for the answers.
type Parcel = (Vec<Line>, Sender<Vec<u8>>);

/// Answers every line of standard input, in order, until it ends or nobody reads any more. Lines that come
/// together are answered on all processors, and each is answered before more is waited for: a program
/// may ask and wait, or ask everything at once.
pub(crate) fn pump(machine: Machine) -> Result<ExitCode, Failure> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (parcels, taken) = channel::<Parcel>();
    let (promises, promised) = channel::<(usize, Receiver<Vec<u8>>)>();
    let (written, done) = channel::<usize>();
    let taken = Mutex::new(taken);
    let nobody_reads = AtomicBool::new(false);
    let end = thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(machine, &taken, &nobody_reads));
        }
        scope.spawn(|| write(promised, written, &nobody_reads));
        let hand_out = HandOut {
            parcels,
            promises,
            done,
            on_its_way: 0,
            threads,
        };
        hand_out.until_the_end(machine)
    });
    end.map(|()| ExitCode::SUCCESS).map_err(|error| {
        let message = format!("standard input cannot be read: {error}");
        Failure::new("InputUnreadable", message)
    })
}

struct HandOut {
    parcels: Sender<Parcel>,
    /// What a parcel weighs, and where its answers will come from.
    promises: Sender<(usize, Receiver<Vec<u8>>)>,
    /// The weight of each parcel whose answers are written.
    done: Receiver<usize>,
    on_its_way: usize,
    threads: usize,
}

/// Nobody reads the answers any more.
struct NobodyReads;

impl HandOut {
    fn until_the_end(mut self, machine: Machine) -> std::io::Result<()> {
        let mut input = BufReader::with_capacity(READ, std::io::stdin().lock());
        let mut is_first = true;
        loop {
            let (mut batch, end) = read_batch(&mut input);
            if let Some(Ok(line)) = batch.first_mut().filter(|_| is_first)
                && line.starts_with(BYTE_ORDER_MARK)
            {
                line.remove(0);
            }
            is_first = false;
            if self.batch(machine, batch).is_err() {
                return Ok(());
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn batch(&mut self, machine: Machine, mut batch: Vec<Line>) -> Result<(), NobodyReads> {
        self.on_its_way -= self.done.try_iter().sum::<usize>();
        // Who asks and waits is answered soonest without waking another thread.
        if batch.len() == 1 && self.on_its_way == 0 {
            return put(&answers(machine, &batch));
        }
        let length = batch.len().div_ceil(4 * self.threads).clamp(1, PARCEL);
        while !batch.is_empty() {
            let rest = batch.split_off(length.min(batch.len()));
            self.parcel(std::mem::replace(&mut batch, rest))?;
        }
        Ok(())
    }

    /// Hands out a parcel, once there is room for it.
    fn parcel(&mut self, lines: Vec<Line>) -> Result<(), NobodyReads> {
        let weight = lines.iter().map(weight).sum::<usize>();
        while self.on_its_way > 0 && self.on_its_way + weight > ON_ITS_WAY {
            self.on_its_way -= self.done.recv().map_err(|_| NobodyReads)?;
        }
        self.on_its_way += weight;
        let (answer, promise) = channel();
        let parcel = self.parcels.send((lines, answer));
        let promised = self.promises.send((weight, promise));
        parcel.map_err(|_| NobodyReads)?;
        promised.map_err(|_| NobodyReads)
    }
}

fn weight(line: &Line) -> usize {
    line.as_ref().map_or(0, String::len) + ANSWER
}

/// Answers parcels until there will be no more.
fn work(machine: Machine, parcels: &Mutex<Receiver<Parcel>>, nobody_reads: &AtomicBool) {
    while !nobody_reads.load(Ordering::Relaxed) {
        let next = parcels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok((lines, answer)) = next else { return };
        if answer.send(answers(machine, &lines)).is_err() {
            return;
        }
    }
}

/// Writes answers in their order until there will be no more, or nobody reads them.
fn write(
    promised: Receiver<(usize, Receiver<Vec<u8>>)>,
    written: Sender<usize>,
    nobody_reads: &AtomicBool,
) {
    for (weight, promise) in promised {
        // Without an answer its thread has panicked, and so will the one that waits for all of them.
        let answers = promise.recv().map_err(|_| NobodyReads);
        if answers.and_then(|answers| put(&answers)).is_err() {
            nobody_reads.store(true, Ordering::Relaxed);
            return;
        }
        // Once all is asked, nobody counts any more.
        let _counted = written.send(weight);
    }
}

/// A closed pipe is the reader's way of saying that it has seen enough.
fn put(answers: &[u8]) -> Result<(), NobodyReads> {
    let mut out = std::io::stdout().lock();
    out.write_all(answers)
        .and_then(|()| out.flush())
        .map_err(|_| NobodyReads)
}

fn answers(machine: Machine, lines: &[Line]) -> Vec<u8> {
    let mut answers = Vec::new();
    for line in lines {
        let answer = match line {
            Ok(text) => (machine.answer)(text),
            Err(why) => (machine.unreadable)(why),
        };
        answers.extend_from_slice(answer.as_bytes());
        answers.push(b'\n');
    }
    answers
}

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
        if batch.len() == LINES || !input.buffer().contains(&b'\n') {
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
        skip_line(input)?;
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

fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(bytes.len(), |end| end + 1);
        let done = end.is_some() || used == 0;
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}
