//! Whether an export, or the chains of a store, hold.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use one_ontology::audit::export::{Reader, Shown};
use one_ontology::audit::{AuditError, CheckpointVerifier};
use serde_json::json;

use super::keys::{self, AnyKey};
use super::{chains, counted, format_of, unusable};
use crate::cli::VerifyArgs;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Output;
use crate::tally::Tally;

/// No line of an export is longer, in bytes.
const LONGEST: u64 = 256 << 20;

/// Verifies the chains of a store.
pub(super) fn store(kept: &Kept, args: &VerifyArgs, output: &Output) -> Result<(), Failure> {
    let keys = args.public_key.as_deref().map(keys::named).transpose()?;
    let keys = keys
        .as_ref()
        .map(|keys| -> &dyn CheckpointVerifier { keys });
    format_of(kept)?;
    let opened = kept.open_typed()?;
    let places = match &args.group {
        Some(group) => vec![chains::one(&opened, group)?],
        None => chains::all(&opened)?,
    };
    let chains = chains::verify(opened.store(), places, keys, output)?.all_whole()?;
    output.say(&json!({"holds": true, "chains": chains}), || {
        let lines: Vec<String> = chains.iter().map(chains::Chain::line).collect();
        lines.join("\n")
    });
    Ok(())
}

/// Verifies an export, of which nothing is believed.
pub(super) fn file(file: &Path, args: &VerifyArgs, output: &Output) -> Result<(), Failure> {
    let keys = args.public_key.as_deref().map(keys::named).transpose()?;
    let shown = match &keys {
        Some(keys) => read(file, keys, output)?,
        None => read(file, &AnyKey, output)?,
    };
    let checkpoint = shown.checkpoint.checkpoint();
    let key = shown.checkpoint.signed().key.to_string();
    let value = json!({
        "holds": true,
        "place": checkpoint.place(),
        "events": shown.events,
        "after": shown.after.map(|head| head.seq),
        "until": checkpoint.head(),
        "at": checkpoint.at(),
        "proofs": shown.proofs,
        "key": key,
        "key_is_trusted": keys.is_some(),
    });
    output.say(&value, || words(&shown, &key, keys.is_some()));
    Ok(())
}

fn words(shown: &Shown, key: &str, is_trusted: bool) -> String {
    let checkpoint = shown.checkpoint.checkpoint();
    let after = shown
        .after
        .map_or_else(String::new, |head| format!(" behind event {}", head.seq));
    let mut lines = vec![
        format!(
            "it holds: {} of {}{after}, {}",
            counted(shown.events, "event"),
            checkpoint.place(),
            counted(shown.proofs, "proof")
        ),
        format!(
            "the checkpoint at event {} was signed by {key} at {}",
            checkpoint.head().seq,
            checkpoint.at()
        ),
    ];
    if !is_trusted {
        lines.push(
            "whether that key is the right one was not asked: name the one that you trust with --public-key"
                .to_owned(),
        );
    }
    lines.join("\n")
}

fn read(file: &Path, keys: &dyn CheckpointVerifier, output: &Output) -> Result<Shown, Failure> {
    if file == Path::new("-") {
        return lines(&mut std::io::stdin().lock(), 0, file, keys, output);
    }
    let opened = File::open(file).map_err(|error| unusable(file, &error))?;
    let metadata = opened.metadata().map_err(|error| unusable(file, &error))?;
    if metadata.is_dir() {
        return Err(unusable(file, &"it is a directory"));
    }
    let mut lines_of = BufReader::with_capacity(1 << 18, opened);
    lines(&mut lines_of, metadata.len(), file, keys, output)
}

/// Gives line after line to the reader of the format; `size` is 0 where nobody knows it.
fn lines(
    from: &mut dyn BufRead,
    size: u64,
    file: &Path,
    keys: &dyn CheckpointVerifier,
    output: &Output,
) -> Result<Shown, Failure> {
    let (tally, _watch) = Tally::shown(output);
    let mut reader = Reader::new(keys);
    let (mut number, mut bytes) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = from.take(LONGEST).read_until(b'\n', &mut line);
        let read = read.map_err(|error| unusable(file, &error))? as u64;
        if read == 0 {
            break;
        }
        (number, bytes) = (number + 1, bytes + read);
        let text = text_of(&line).map_err(|reason| unreadable(number, reason))?;
        reader.line(text).map_err(|error| wrong(error, number))?;
        tally.tell("lines", number, bytes, size.max(bytes));
    }
    Ok(reader.finish()?)
}

fn text_of(line: &[u8]) -> Result<&str, &'static str> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err("it is cut off, or longer than any line of an export");
    };
    std::str::from_utf8(line).map_err(|_| "it is no UTF-8")
}

fn unreadable(line: u64, reason: &str) -> Failure {
    AuditError::Unreadable {
        what: format!("line {line}"),
        reason: reason.to_owned(),
    }
    .into()
}

/// What is wrong, and in which line.
fn wrong(error: AuditError, line: u64) -> Failure {
    let mut details = Vec::new();
    if !matches!(error, AuditError::Unreadable { .. }) {
        details.push(format!("found in line {line}"));
    }
    if let AuditError::Unlinked { seq, .. } = &error {
        // The digest of an event is that of its line: which of the two was altered shows in no file.
        let before = seq.get().saturating_sub(1);
        details.push(format!(
            "event {before} or event {seq} is not as it was exported"
        ));
    }
    Failure::from(error).with(details)
}
