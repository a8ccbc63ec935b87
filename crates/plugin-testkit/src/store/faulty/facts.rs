//! What it keeps: as simple as can be, everything in lists.

use std::collections::BTreeSet;

use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, Effects, Embedding, End, Event, Found, Group,
    GroupStatus, Head, IdempotencyKey, Knowledge, Membership, Needs, Person, Place, Properties,
    Receipt, Row, RowId, Scope, Seq, Thing, ThingStatus, Timestamp,
};
use serde_json::Value;

use super::Fault;

#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Every writing of every row, the newest last.
    pub(super) rows: Vec<Row>,
    pub(super) connections: Vec<Connection>,
    pub(super) events: Vec<Event>,
    pub(super) budgets: Vec<(Place, BudgetKey, BudgetState)>,
    receipts: Vec<(Place, IdempotencyKey, Receipt)>,
}

impl Facts {
    /// The rows of a place as they are now; those of all places where that is the fault.
    pub(super) fn now(&self, place: Place, all: bool) -> impl Iterator<Item = &Row> {
        let mut seen = BTreeSet::new();
        let newest = self.rows.iter().rev().filter(move |row| {
            (all || row.place() == place) && seen.insert((row.place(), row.id()))
        });
        // In the order of their writing, which nobody should rely on.
        newest.collect::<Vec<_>>().into_iter().rev()
    }

    pub(super) fn things(&self, place: Place, all: bool) -> impl Iterator<Item = &Thing> {
        self.now(place, all).filter_map(|row| match row {
            Row::Thing(row) => Some(row),
            _ => None,
        })
    }

    pub(super) fn knowledge(&self, place: Place, all: bool) -> impl Iterator<Item = &Knowledge> {
        self.now(place, all).filter_map(|row| match row {
            Row::Knowledge(row) => Some(row),
            _ => None,
        })
    }

    pub(super) fn people(&self, place: Place, all: bool) -> impl Iterator<Item = &Person> {
        self.now(place, all).filter_map(|row| match row {
            Row::Person(row) => Some(row),
            _ => None,
        })
    }

    pub(super) fn memberships(&self, place: Place, all: bool) -> impl Iterator<Item = &Membership> {
        self.now(place, all).filter_map(|row| match row {
            Row::Membership(row) => Some(row),
            _ => None,
        })
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.now(Place::Global, true).filter_map(|row| match row {
            Row::Group(row) => Some(row),
            _ => None,
        })
    }

    pub(super) fn chain(&self, place: Place, all: bool) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |e| all || e.place == place)
    }

    pub(super) fn joins(&self, place: Place, all: bool) -> impl Iterator<Item = &Connection> {
        self.connections
            .iter()
            .filter(move |c| all || c.place == place)
    }

    pub(super) fn budget(&self, place: Place, key: &BudgetKey, all: bool) -> Option<&BudgetState> {
        let mut budgets = self.budgets.iter().rev();
        let found = budgets.find(|(at, of, _)| (all || *at == place) && of == key);
        found.map(|(_, _, state)| state)
    }

    pub(super) fn find(&self, needs: &Needs, fault: Fault) -> Found {
        let place = needs.place;
        let group = place
            .group()
            .and_then(|id| self.groups().find(|g| g.id == id).cloned());
        Found {
            receipt: needs
                .key
                .as_ref()
                .and_then(|key| self.receipt(place, key, fault)),
            group: self.group_found(place, group, fault),
            head: if fault == Fault::StartsChainsAgain {
                None
            } else {
                self.chain(place, fault == Fault::SharesChains)
                    .last()
                    .map(Event::head)
            },
            rows: needs
                .rows
                .iter()
                .filter_map(|id| Some((*id, self.row(place, *id, fault)?)))
                .collect(),
            ends: needs
                .ends
                .iter()
                .filter_map(|end| Some((*end, self.end(place, *end, fault)?)))
                .collect(),
            connections: self
                .joins(place, fault == Fault::FindsConnectionsOfOtherPlaces)
                .filter(|c| fault != Fault::MissesEndedConnections || c.valid_to.is_none())
                .filter(|c| needs.connections.contains(&c.id))
                .map(|c| (c.id, c.clone()))
                .collect(),
            matches: needs
                .absent
                .iter()
                .map(|query| {
                    let all = fault == Fault::LooksForAbsenceEverywhere;
                    let mut things: Vec<&Thing> = self.things(place, all).collect();
                    things.sort_by(|a, b| a.name.cmp(&b.name));
                    if fault == Fault::LooksForAbsenceInOnePage {
                        things.truncate(query.limit.get());
                    }
                    fault != Fault::IgnoresAbsence
                        && things.iter().any(|thing| query.matches(thing))
                })
                .collect(),
            budgets: needs
                .budgets
                .iter()
                .filter(|_| fault != Fault::GrantsTwice)
                .filter_map(|key| {
                    let all = fault == Fault::SharesBudgets;
                    let folded = key.as_str().to_lowercase().parse().ok()?;
                    let key_kept = if fault == Fault::FoldsBudgetKeys {
                        &folded
                    } else {
                        key
                    };
                    let state = self.budget(place, key_kept, all)?;
                    Some((key.clone(), state.clone()))
                })
                .collect(),
            covered: needs.covered.and_then(|seq| {
                let mut chain = self.chain(place, false);
                let event = if fault == Fault::FindsTheHeadForACheckpoint {
                    chain.last()
                } else {
                    chain.find(|event| event.seq >= seq)
                };
                event.map(Event::head)
            }),
        }
    }

    pub(super) fn prune(&mut self, place: Place, last: Seq, fault: Fault) {
        let last = match fault {
            Fault::NeverPrunes => Seq::START,
            Fault::PrunesOneTooMany => last.next(),
            Fault::PrunesOneTooFew => Seq::new(last.get().saturating_sub(1)),
            _ => last,
        };
        let all = fault == Fault::PrunesAllPlaces;
        self.events
            .retain(|event| event.seq > last || (event.place != place && !all));
        if fault == Fault::PrunesReceipts {
            self.receipts
                .retain(|(at, _, receipt)| *at != place || receipt.head.seq > last);
        }
    }

    fn receipt(&self, place: Place, key: &IdempotencyKey, fault: Fault) -> Option<Receipt> {
        if matches!(fault, Fault::ForgetsReceipts | Fault::SaysDoneForReplays) {
            return None;
        }
        let all = fault == Fault::ReplaysOfOtherPlaces;
        let any = fault == Fault::ReplaysTheLastReceipt;
        let mut receipts = self.receipts.iter().rev();
        let found =
            receipts.find(|(at, of, _)| (all || *at == place) && (any || same_key(of, key, fault)));
        found.map(|(_, _, receipt)| {
            let mut receipt = receipt.clone();
            if fault == Fault::ReplaysWithoutBudgets {
                receipt.budgets.clear();
            }
            receipt
        })
    }

    /// Keeps a receipt of what was not done.
    pub(super) fn keep_key(&mut self, changes: &ChangeSet, head: Option<Head>) {
        if let (Some(key), Some(head)) = (changes.key(), head) {
            let receipt = Receipt {
                place: changes.place(),
                first: head.seq,
                head,
                budgets: std::collections::BTreeMap::default(),
                answer: one_ontology::Answer::Done,
            };
            self.receipts.push((changes.place(), key.clone(), receipt));
        }
    }

    fn group_found(&self, place: Place, group: Option<Group>, fault: Fault) -> Option<Group> {
        match (fault, group) {
            (Fault::WritesToArchivedGroups, Some(mut group)) => {
                group.status = GroupStatus::Active;
                Some(group)
            }
            (Fault::WritesToMissingGroups, None) => {
                let id = place.group()?;
                Some(Group::new(id, "Taken for granted", Timestamp::EPOCH))
            }
            (_, group) => group,
        }
    }

    fn row(&self, place: Place, id: RowId, fault: Fault) -> Option<Row> {
        let mine = |row: &&Row| row.id() == id && row.place() == place;
        match fault {
            Fault::InsertsOverOldRows => None,
            Fault::FindsFirstRevisions => self.rows.iter().find(mine).cloned(),
            Fault::FindsRowsOfOtherPlaces => {
                let same = |row: &&Row| row.id() == id;
                let newest = || self.rows.iter().rev();
                newest().find(mine).or_else(|| newest().find(same)).cloned()
            }
            Fault::MissesArchivedRows => {
                let newest = self.rows.iter().rev().find(mine).cloned();
                newest.filter(|row| !is_archived(row))
            }
            _ => self.rows.iter().rev().find(mine).cloned(),
        }
    }

    fn end(&self, place: Place, end: End, fault: Fault) -> Option<Thing> {
        let End::Thing(id) = end else { return None };
        let all = fault == Fault::ConnectsAcrossGroups;
        let own = self.things(place, all).find(|thing| thing.id == id);
        let shared = self
            .things(Place::Global, false)
            .find(|thing| thing.id == id);
        match fault {
            Fault::MissesArchivedEnds => own
                .or(shared)
                .filter(|thing| thing.status != ThingStatus::Archived),
            Fault::MissesSharedEnds => own,
            Fault::PrefersSharedEnds => shared.or(own),
            _ => own.or(shared),
        }
        .cloned()
    }

    pub(super) fn write(
        &mut self,
        changes: &ChangeSet,
        mut effects: Effects,
        fault: Fault,
    ) -> Receipt {
        match fault {
            Fault::LosesSecondRow if effects.rows.len() > 1 => drop(effects.rows.remove(1)),
            Fault::LosesConnections => effects.connections.clear(),
            Fault::LosesBudgets => effects.budgets.clear(),
            Fault::LosesSecondConnection => effects.connections.truncate(1),
            Fault::LosesSecondBudget => {
                effects.budgets = effects.budgets.into_iter().take(1).collect();
            }
            Fault::FoldsBudgetKeys => {
                let fold = |(key, state): (BudgetKey, BudgetState)| {
                    Some((key.as_str().to_lowercase().parse().ok()?, state))
                };
                effects.budgets = effects.budgets.into_iter().filter_map(fold).collect();
            }
            Fault::RoundsBudgets | Fault::ForgetsOldSpends => {
                for state in effects.budgets.values_mut() {
                    forget_spends(state, fault);
                }
            }
            Fault::ForgetsLastEvent if effects.events.len() > 1 => drop(effects.events.pop()),
            Fault::ReordersEvents => effects.events.reverse(),
            _ => {}
        }
        let place = changes.place();
        for mut row in effects.rows {
            spoil(&mut row, fault);
            if fault == Fault::OverwritesOtherPlaces {
                self.rows.retain(|old| old.id() != row.id());
            }
            if let (Fault::PublishesThings, Row::Thing(thing)) = (fault, &row) {
                let mut published = thing.clone();
                published.place = Place::Global;
                self.rows.push(published.into());
            }
            self.rows.push(row);
        }
        for mut connection in effects.connections {
            if fault == Fault::LosesConnectionMetadata {
                connection.metadata = Properties::new();
            }
            let all = fault == Fault::OverwritesOtherConnections;
            self.connections
                .retain(|c| (!all && c.place != place) || c.id != connection.id);
            self.connections.push(connection);
        }
        for (key, state) in effects.budgets {
            self.budgets.push((place, key, state));
        }
        if let Some(last) = effects.prune_to {
            self.prune(place, last, fault);
            if fault == Fault::PrunesInSilence {
                effects.events.clear();
            }
        }
        for mut event in effects.events {
            if fault == Fault::LosesNumbers {
                lose_numbers(&mut event);
            }
            if fault == Fault::ForgetsActors {
                event.actor = Scope::system(TASK.parse().unwrap(), place).actor().clone();
            }
            self.events.push(event);
        }
        if let Some(key) = changes.key() {
            self.receipts
                .push((place, key.clone(), effects.receipt.clone()));
        }
        effects.receipt
    }
}

fn same_key(of: &IdempotencyKey, key: &IdempotencyKey, fault: Fault) -> bool {
    of == key || (fault == Fault::FoldsKeys && of.as_str().eq_ignore_ascii_case(key.as_str()))
}

/// Keeps a row less exactly than it came.
fn spoil(row: &mut Row, fault: Fault) {
    match (fault, row) {
        (Fault::CutsMicroseconds, Row::Thing(row)) => {
            let micros = row.created_at.as_micros();
            row.created_at = Timestamp::from_micros(micros - micros.rem_euclid(1000));
        }
        (Fault::RoundsVectors, Row::Knowledge(row)) => {
            row.embedding = row.embedding.take().and_then(|embedding| {
                let rounded = |v: &f32| f32::from_bits(v.to_bits() & 0xffff_0000);
                let values = embedding.values().iter().map(rounded).collect();
                Embedding::new(embedding.model(), values).ok()
            });
        }
        (Fault::CutsFarMoments, Row::Thing(row)) => {
            let cut = |moment: Timestamp| {
                let micros = moment.as_micros();
                let ends = i64::MAX / 1000;
                Timestamp::from_micros(micros.clamp(-ends, ends))
            };
            row.created_at = cut(row.created_at);
            row.updated_at = cut(row.updated_at);
        }
        (Fault::TrimsNames, Row::Thing(row)) => row.name = row.name.trim().to_owned(),
        (Fault::LosesNulls, Row::Thing(row)) => {
            let properties = std::mem::take(&mut row.properties).into_map();
            row.properties = properties
                .into_iter()
                .filter(|(_, v)| !v.is_null())
                .collect();
        }
        (Fault::LosesLargeProperties, Row::Thing(row)) => {
            let properties = std::mem::take(&mut row.properties).into_map();
            let fits = |value: &Value| value.as_str().is_none_or(|text| text.len() < 1 << 16);
            row.properties = properties.into_iter().filter(|(_, v)| fits(v)).collect();
        }
        (Fault::LosesAddresses, Row::Person(row)) => row.email = None,
        (Fault::LosesChunks, Row::Knowledge(row)) => row.chunk = None,
        (Fault::LosesFields, Row::Knowledge(row)) => {
            if let Some(source) = &mut row.source {
                source.field = None;
            }
        }
        _ => {}
    }
}

/// Who is said to have acted where that is the fault.
const TASK: &str = "somebody";

fn is_archived(row: &Row) -> bool {
    match row {
        Row::Thing(row) => row.status == ThingStatus::Archived,
        Row::Knowledge(row) => row.archived_at.is_some(),
        _ => false,
    }
}

fn forget_spends(state: &mut BudgetState, fault: Fault) {
    let BudgetState::Window { spent } = state else {
        return;
    };
    if fault == Fault::RoundsBudgets {
        for moment in spent.iter_mut() {
            *moment -= moment.rem_euclid(1_000_000);
        }
    } else {
        let old = spent.len().saturating_sub(10);
        spent.drain(..old);
    }
}

fn lose_numbers(event: &mut Event) {
    event.metadata = std::mem::take(&mut event.metadata)
        .into_map()
        .into_iter()
        .map(|(name, value)| {
            let value = value
                .as_f64()
                .filter(|_| value.is_u64())
                .map_or(value, Value::from);
            (name, value)
        })
        .collect();
}
