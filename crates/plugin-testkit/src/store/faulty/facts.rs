//! What it keeps: as simple as can be, everything in lists.

use std::collections::BTreeSet;

use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, Effects, Embedding, End, Event, Found, Group,
    GroupStatus, IdempotencyKey, Knowledge, Membership, Needs, Person, Place, Receipt, Row, RowId,
    Thing, Timestamp,
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
                .joins(place, false)
                .filter(|c| needs.connections.contains(&c.id))
                .map(|c| (c.id, c.clone()))
                .collect(),
            matches: needs
                .absent
                .iter()
                .map(|query| {
                    let mut things: Vec<&Thing> = self.things(place, false).collect();
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
                    let state = self.budget(place, key, fault == Fault::SharesBudgets)?;
                    Some((key.clone(), state.clone()))
                })
                .collect(),
        }
    }

    fn receipt(&self, place: Place, key: &IdempotencyKey, fault: Fault) -> Option<Receipt> {
        if matches!(fault, Fault::ForgetsReceipts | Fault::SaysDoneForReplays) {
            return None;
        }
        let all = fault == Fault::ReplaysOfOtherPlaces;
        let any = fault == Fault::ReplaysTheLastReceipt;
        let mut receipts = self.receipts.iter().rev();
        let found = receipts.find(|(at, of, _)| (all || *at == place) && (any || of == key));
        found.map(|(_, _, receipt)| receipt.clone())
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
            Fault::ForgetsLastEvent if effects.events.len() > 1 => drop(effects.events.pop()),
            Fault::ReordersEvents => effects.events.reverse(),
            _ => {}
        }
        let place = changes.place();
        for mut row in effects.rows {
            spoil(&mut row, fault);
            self.rows.push(row);
        }
        for connection in effects.connections {
            self.connections
                .retain(|c| (c.place, c.id) != (place, connection.id));
            self.connections.push(connection);
        }
        for (key, state) in effects.budgets {
            self.budgets.push((place, key, state));
        }
        for mut event in effects.events {
            if fault == Fault::LosesNumbers {
                lose_numbers(&mut event);
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
        _ => {}
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
