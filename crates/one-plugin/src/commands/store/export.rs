//! A trail as lines that others can verify.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use futures::executor::block_on;
use one_ontology::audit::export::excerpt_of;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{AuditError, Checkpoint, SignedCheckpoint, Verifier};
use one_ontology::{
    Clock as _, Event, EventId, EventQuery, Limit, RandomIds, Scope, Seq, Store, SystemClock,
};
use serde::Serialize;

use super::chains::{self, Named};
use super::written::{refuse, replace};
use super::{counted, format_of, keys, unusable};
use crate::cli::{ExportArgs, Proven};
use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Output;
use crate::tally::Tally;

/// What an export holds.
#[derive(Debug, Serialize)]
struct Exported<'a> {
    place: one_ontology::Place,
    events: u64,
    /// The event before the first.
    after: Option<Seq>,
    /// The last event that the checkpoint covers.
    until: Seq,
    proofs: u64,
    key: String,
    file: Option<&'a Path>,
}

/// What to export, and from where.
struct Export<'a> {
    store: &'a dyn Store,
    scope: Scope,
    named: Named,
    args: &'a ExportArgs,
    tally: Tally,
}

pub(super) fn export(
    kept: &Kept,
    org: &str,
    args: &ExportArgs,
    output: &Output,
) -> Result<(), Failure> {
    if let (Some(file), false) = (&args.out, args.overwrite) {
        refuse(file)?;
    }
    format_of(kept)?;
    let opened = kept.open_typed()?;
    let named = chains::one(&opened, args.group.as_deref().unwrap_or(org))?;
    let (tally, watch) = Tally::shown(output);
    let export = Export {
        store: opened.store(),
        scope: chains::scope(named.place)?,
        named,
        args,
        tally,
    };
    let until = export.checkpoint(output)?;
    let exported = match &args.out {
        Some(file) => replace(file, |partial| {
            let open = File::create_new(partial).map_err(|error| unusable(file, &error))?;
            let mut writer = BufWriter::new(open);
            let exported = export.write(&until, &mut writer)?;
            let done = writer.flush().and_then(|()| writer.get_ref().sync_all());
            done.map_err(|error| unusable(file, &error))?;
            Ok(exported)
        })?,
        None => {
            let mut writer = BufWriter::new(std::io::stdout());
            let exported = export.write(&until, &mut writer)?;
            if writer.flush().is_err() {
                std::process::exit(0);
            }
            exported
        }
    };
    drop(watch);
    let words = export.words(&exported);
    match &args.out {
        Some(_) => output.say(&exported, || words),
        // The lines are the result.
        None => output.aside(&words),
    }
    Ok(())
}

impl Export<'_> {
    /// Up to where: what is signed now, or the last checkpoint that the trail keeps.
    fn checkpoint(&self, output: &Output) -> Result<SignedCheckpoint, Failure> {
        let Some(key) = &self.args.key else {
            let kept = block_on(trail::checkpoints(self.store, &self.scope))?;
            return kept.into_iter().next_back().ok_or_else(|| {
                let message = format!(
                    "no checkpoint of `{}` was ever signed and kept",
                    self.named.name
                );
                let help =
                    "`--key FILE` signs one now; `one-plugin store new-key FILE` makes a key";
                Failure::new("UsageError", message).with([help.to_owned()])
            });
        };
        let signer = keys::signer(key, output)?;
        let told = |far: trail::Progress| {
            self.tally
                .tell("events verified", far.done, far.done, far.of);
        };
        let whole = trail::verify(self.store, &self.scope, Check::default(), told);
        let now = SystemClock.now();
        let checkpoint = block_on(whole)?.checkpoint(now).ok_or_else(|| {
            let message = format!("nothing has happened in `{}` yet", self.named.name);
            Failure::new("NotFound", message)
        })?;
        let signed = checkpoint.sign(&signer)?;
        if self.args.keep {
            let id = EventId::new(&RandomIds, now);
            block_on(self.store.commit(signed.keep(&self.scope, id, now)))?;
        }
        Ok(signed)
    }

    fn write(
        &self,
        until: &SignedCheckpoint,
        to: &mut (dyn Write + Send),
    ) -> Result<Exported<'_>, Failure> {
        let last = until.checkpoint.head().seq;
        let after = self.after(last)?;
        let from = after.as_ref().map(|checkpoint| checkpoint.head().seq);
        let (events, proofs) = if let Some(only) = &self.args.only {
            let only: BTreeSet<Seq> = only.0.iter().copied().map(Seq::new).collect();
            let lines = self.excerpt(after.as_ref(), until, &only)?;
            lines.iter().try_for_each(|line| put(to, line))?;
            (only.len() as u64, only.len() as u64)
        } else {
            let prove = self.proven(from.unwrap_or(Seq::START), last)?;
            let proofs = prove.len() as u64;
            let first = from.unwrap_or(Seq::START).get();
            let (mut lines, of) = (0, last.get().saturating_sub(first));
            let write = |line: &str| {
                lines += 1;
                self.tally.tell("lines written", lines, lines.min(of), of);
                writeln!(to, "{line}").map_err(|error| gone(&error))
            };
            let written =
                trail::export(self.store, &self.scope, after.as_ref(), until, prove, write);
            (block_on(written)?, proofs)
        };
        Ok(Exported {
            place: self.named.place,
            events,
            after: from.filter(|_| self.args.only.is_none()),
            until: last,
            proofs,
            key: until.key.to_string(),
            file: self.args.out.as_deref(),
        })
    }

    /// Behind which checkpoint the export begins: the one of the event before `--from`, or the one with which earlier events have left.
    fn after(&self, last: Seq) -> Result<Option<Checkpoint>, Failure> {
        let beginning = block_on(trail::beginning(self.store, &self.scope))?;
        let beginning = beginning.map(|signed| signed.checkpoint);
        let Some(from) = self.args.from.map(Seq::new) else {
            return Ok(beginning);
        };
        let first = beginning
            .as_ref()
            .map_or(Seq::START, |left| left.head().seq)
            .next();
        if from < first || from > last {
            let seq = from;
            return Err(AuditError::OutOfReach { seq, first, last }.into());
        }
        if from == first {
            return Ok(beginning);
        }
        let mut verifier = beginning.as_ref().map_or_else(
            || Verifier::new(self.named.place),
            Verifier::after_checkpoint,
        );
        let mut query = EventQuery {
            limit: Limit::new(Limit::MAX),
            ..EventQuery::default()
        };
        loop {
            let page = block_on(self.store.events(&self.scope, &query))?;
            for event in page.items.iter().take_while(|event| event.seq < from) {
                verifier.push(event)?;
            }
            let reached = verifier.head().map(|head| head.seq.next());
            match (page.items.last(), page.next) {
                (Some(event), Some(_)) if reached < Some(from) => query.after = event.seq,
                _ => break,
            }
        }
        Ok(verifier.checkpoint(SystemClock.now()))
    }

    /// The events behind `after` up to `last` that are to be proven.
    fn proven(&self, after: Seq, last: Seq) -> Result<BTreeSet<Seq>, AuditError> {
        let first = after.next();
        let prove: BTreeSet<Seq> = match &self.args.prove {
            None => BTreeSet::new(),
            Some(Proven::All) => (first.get()..=last.get()).map(Seq::new).collect(),
            Some(Proven::These(numbers)) => numbers.0.iter().copied().map(Seq::new).collect(),
        };
        let outside = prove.iter().find(|seq| **seq < first || **seq > last);
        match outside {
            Some(seq) => Err(AuditError::OutOfReach {
                seq: *seq,
                first,
                last,
            }),
            None => Ok(prove),
        }
    }

    fn excerpt(
        &self,
        after: Option<&Checkpoint>,
        until: &SignedCheckpoint,
        only: &BTreeSet<Seq>,
    ) -> Result<Vec<String>, Failure> {
        let last = until.checkpoint.head().seq;
        let tree = block_on(trail::tree(self.store, &self.scope, after, last))?;
        let mut events: Vec<Event> = Vec::new();
        for seq in only {
            let query = EventQuery {
                after: Seq::new(seq.get().saturating_sub(1)),
                limit: Limit::new(1),
                ..EventQuery::default()
            };
            let page = block_on(self.store.events(&self.scope, &query))?;
            let found = page.items.into_iter().find(|event| event.seq == *seq);
            events.push(found.ok_or_else(|| AuditError::OutOfReach {
                seq: *seq,
                first: after.map_or(Seq::START, |after| after.head().seq).next(),
                last,
            })?);
        }
        Ok(excerpt_of(&events, &tree, until)?)
    }

    fn words(&self, exported: &Exported<'_>) -> String {
        let proofs = match exported.proofs {
            0 => String::new(),
            count => format!(", {}", counted(count, "proof")),
        };
        let after = match exported.after {
            Some(after) => format!(" behind event {after}"),
            None => String::new(),
        };
        let to = match exported.file {
            Some(file) => format!(" in `{}`", file.display()),
            None => String::new(),
        };
        format!(
            "{} of `{}`{after}{to}{proofs}, under a checkpoint at event {}, signed by {}",
            counted(exported.events, "event"),
            self.named.name,
            exported.until,
            exported.key
        )
    }
}

fn put(to: &mut (dyn Write + Send), line: &str) -> Result<(), Failure> {
    writeln!(to, "{line}").map_err(|error| {
        let reason = gone(&error);
        trail::TrailError::Unwritten { reason }.into()
    })
}

/// Why a line cannot be written. A reader that has gone away is no error worth a word.
fn gone(error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    error.to_string()
}
