//! The chains of a store: whose there are, and whether each holds.

use futures::executor::block_on;
use one_ontology::audit::CheckpointVerifier;
use one_ontology::audit::trail::{self, Check, TrailError};
use one_ontology::{Head, Place, Scope, Seq, Store};
use serde::Serialize;

use crate::failure::Failure;
use crate::kept::Opened;
use crate::output::Output;
use crate::session::group_id;
use crate::tally::Tally;

/// A place, and what people call it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) place: Place,
    pub(super) name: String,
}

/// A chain that holds.
#[derive(Debug, Serialize)]
pub(super) struct Chain {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) events: u64,
    /// The event before the first that the store still has.
    pub(super) after: Option<Seq>,
    pub(super) head: Option<Head>,
    /// Checkpoints that it leads through.
    pub(super) checkpoints: u64,
}

impl Chain {
    pub(super) fn line(&self) -> String {
        let Some(head) = self.head else {
            return format!("`{}`: nothing has happened yet", self.name);
        };
        let digest = head.digest.to_string();
        let after = self.after.map_or_else(String::new, |after| {
            format!(" behind event {after}, with which earlier ones have left")
        });
        format!(
            "`{}`: {}{after}, whole and in order, up to event {} ({}), through {}",
            self.name,
            super::counted(self.events, "event"),
            head.seq,
            digest.get(..16).unwrap_or_default(),
            super::counted(self.checkpoints, "checkpoint"),
        )
    }
}

/// What a look at several chains has found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) whole: Vec<Chain>,
    /// Those that do not hold, with the first thing that is wrong.
    pub(super) wrong: Vec<(Named, Failure)>,
}

impl Found {
    /// The chains, or the first that does not hold, and below it what is wrong with the others.
    pub(super) fn all_whole(self) -> Result<Vec<Chain>, Failure> {
        let mut wrong = self.wrong.into_iter();
        let Some((first, failure)) = wrong.next() else {
            return Ok(self.whole);
        };
        let others =
            wrong.map(|(named, failure)| format!("`{}`: {}", named.name, failure.message()));
        let others: Vec<String> = others.collect();
        let whole = super::counted(self.whole.len() as u64, "other chain");
        let label = format!("`{}`", first.name);
        Err(failure
            .within(&label)
            .with(others)
            .with([format!("{whole} can be relied on")]))
    }
}

/// The shared registry and every group.
pub(super) fn all(opened: &Opened) -> Result<Vec<Named>, Failure> {
    let places = opened.groups()?.into_iter().map(Place::Group);
    [Place::Global]
        .into_iter()
        .chain(places)
        .map(|place| named(opened.store(), place))
        .collect()
}

/// The place that somebody means: `global`, an organisation's id, or its name.
pub(super) fn one(opened: &Opened, text: &str) -> Result<Named, Failure> {
    let by_id = text.parse::<Place>().ok();
    let by_name = Place::Group(group_id(text));
    for place in by_id.into_iter().chain([by_name]) {
        let there = match place {
            Place::Global => true,
            Place::Group(id) => block_on(opened.store().group(id))?.is_some(),
        };
        if there {
            return named(opened.store(), place);
        }
    }
    let message = format!("there is no organisation `{text}` in this store");
    Err(Failure::new("PlaceNotFound", message))
}

fn named(store: &dyn Store, place: Place) -> Result<Named, Failure> {
    let name = match place {
        Place::Global => "global".to_owned(),
        Place::Group(id) => match block_on(store.group(id))? {
            Some(group) => group.name,
            None => place.to_string(),
        },
    };
    Ok(Named { place, name })
}

/// Who looks: the program, for whoever runs it.
pub(super) fn scope(place: Place) -> Result<Scope, Failure> {
    Ok(Scope::system("cli".parse()?, place))
}

/// Whether these chains hold. What is wrong with one is found; that the store does not answer is an error.
pub(super) fn verify(
    store: &dyn Store,
    places: Vec<Named>,
    keys: Option<&dyn CheckpointVerifier>,
    output: &Output,
) -> Result<Found, Failure> {
    let (tally, _watch) = Tally::shown(output);
    let mut found = Found::default();
    for named in places {
        let scope = scope(named.place)?;
        let check = Check {
            keys,
            ..Check::default()
        };
        let told = |far: trail::Progress| tally.tell("events", far.done, far.done, far.of);
        match block_on(trail::verify(store, &scope, check, told)) {
            Ok(whole) => found.whole.push(Chain {
                place: named.place,
                name: named.name,
                events: whole.events,
                after: whole.after.map(|head| head.seq),
                head: whole.head(),
                checkpoints: whole.checkpoints,
            }),
            Err(TrailError::Audit(error)) => found.wrong.push((named, error.into())),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}
