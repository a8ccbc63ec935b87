//! Change sets, most of which hold.

use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{Retention, RetentionPolicy, decide_retention};
use one_ontology::{
    ChangeSet, Connection, End, Event, EventId, Group, GroupStatus, Knowledge, KnowledgeRole,
    KnowledgeSource, KnowledgeType, Membership, MemoryStore, NewEvent, Person, Place, Plan,
    Revision, Row, RowId, Scope, Seq, Settle, Spend, Store as _, Thing, ThingQuery, ThingStatus,
    Timestamp,
};

use super::pool::{Pool, TEXTS};
use super::queries;
use super::random::Random;
use crate::audit::TestKey;

pub(super) fn any(random: &mut Random, pool: &mut Pool, model: &MemoryStore) -> ChangeSet {
    let place = random.pick(&pool.places());
    any_in(random, pool, model, place)
}

/// One in `place`, made from what `model` has there.
pub(crate) fn any_in(
    random: &mut Random,
    pool: &mut Pool,
    model: &MemoryStore,
    place: Place,
) -> ChangeSet {
    tick(random, pool);
    let scope = Scope::system("suite".parse().unwrap(), place);
    if random.one_in(8) {
        pool.leaves.extend(leave(pool, model, &scope));
    }
    let mut make = Make {
        random,
        pool,
        model,
        scope: &scope,
    };
    let mut changes = match make.leave() {
        Some(leave) => {
            let id = EventId::new(&make.pool.ids, make.pool.now);
            ChangeSet::prune(&scope, id, &leave, make.pool.now)
        }
        None => ChangeSet::new(&scope, make.event(), make.pool.now),
    };
    for _ in 0..make.random.below(4) {
        changes = make.part(changes);
    }
    if let Some(id) = place.group()
        && block_on(one_ontology::Directory::group(model, id))
            .unwrap()
            .is_none()
        && !make.random.one_in(8)
    {
        changes = changes.insert(make.group(id));
    }
    if make.random.one_in(12) {
        changes = changes.once(make.random.pick(&make.pool.keys()));
    }
    changes
}

/// Time goes on, by hours now and then, and sometimes back.
fn tick(random: &mut Random, pool: &mut Pool) {
    let step: i64 = random.pick(&[0, 1, 1001, 3_000_000, 11_000_000, 7_200_000_000, -5_000_000]);
    pool.now = Timestamp::from_micros(pool.now.as_micros() + step);
}

/// Leave to prune all that a place has now.
fn leave(pool: &Pool, model: &MemoryStore, scope: &Scope) -> Option<Retention> {
    let key = TestKey::named("auditor");
    let whole = trail::verify(model, scope, Check::default(), |_| ());
    let checkpoint = block_on(whole).unwrap().checkpoint(pool.now)?;
    let trusted = checkpoint.sign(&key).unwrap().trust(&key).unwrap();
    let policy = RetentionPolicy::of_plan(Plan::Starter);
    let cold = pool.now.plus(std::time::Duration::from_hours(90 * 24));
    decide_retention(&policy, scope.place(), Seq::new(1), &[trusted], cold)
}

struct Make<'a> {
    random: &'a mut Random,
    pool: &'a Pool,
    model: &'a MemoryStore,
    scope: &'a Scope,
}

impl Make<'_> {
    fn part(&mut self, changes: ChangeSet) -> ChangeSet {
        let choice = self.random.below(16);
        match choice {
            0..=2 => changes.insert(self.new_thing()),
            3 => self.change_thing(changes),
            4..=5 => changes.insert(self.new_knowledge()),
            6 => self.change_knowledge(changes),
            7 => changes.insert(self.new_person()),
            8 => self.change_person(changes),
            9 => changes.insert(self.membership()),
            10 => self.change_group(changes),
            11 => changes.connect(self.connection()),
            12 => changes.disconnect(self.random.pick(&self.pool.connections())),
            13 => self.insist(changes),
            14 => self.budget(changes),
            _ => changes.event(self.event()),
        }
    }

    /// Now and then; sometimes of another place.
    fn leave(&mut self) -> Option<Retention> {
        if !self.random.one_in(8) {
            return None;
        }
        let any = self.random.one_in(6);
        let mut leaves = self.pool.leaves.clone();
        leaves.retain(|leave| any || leave.checkpoint().checkpoint().place() == self.scope.place());
        (!leaves.is_empty()).then(|| self.random.pick(&leaves))
    }

    fn text(&mut self) -> String {
        // What is empty is refused.
        if self.random.one_in(40) {
            return String::new();
        }
        self.random.pick(TEXTS).to_owned()
    }

    fn event(&mut self) -> NewEvent {
        let id = EventId::new(&self.pool.ids, self.pool.now);
        let event_type = self.random.pick(&self.pool.event_types());
        let target = self.random.maybe(&self.pool.ends(self.scope.place()));
        let mut event = NewEvent::new(id, event_type, target);
        for name in self.random.some(TEXTS, 2) {
            event = event.with(name, self.random.pick(&self.pool.values()));
        }
        event
    }

    fn group(&mut self, id: one_ontology::GroupId) -> Group {
        let mut group = Group::new(id, self.text(), self.pool.now);
        group.parent = self.random.maybe(&self.pool.groups());
        group
    }

    fn new_thing(&mut self) -> Thing {
        let id = self.random.pick(&self.pool.things());
        let thing_type = self.random.pick(&self.pool.thing_types());
        let mut thing = Thing::new(self.scope, id, thing_type, self.text(), self.pool.now);
        self.dress(&mut thing);
        thing
    }

    fn dress(&mut self, thing: &mut Thing) {
        thing.status = self.random.pick(ThingStatus::ALL);
        for name in self.random.some(&self.pool.property_names(), 4) {
            let value = self.random.pick(&self.pool.values());
            thing.properties = std::mem::take(&mut thing.properties).with(name, value);
        }
    }

    /// The right one, mostly.
    fn revision(&mut self, revision: Revision) -> Revision {
        if self.random.one_in(10) {
            revision.next()
        } else {
            revision
        }
    }

    fn change_thing(&mut self, changes: ChangeSet) -> ChangeSet {
        let id = self.random.pick(&self.pool.things());
        let read = block_on(self.model.thing(self.scope, id)).unwrap();
        let mut thing = read.unwrap_or_else(|| self.new_thing());
        let revision = self.revision(thing.revision);
        if self.random.one_in(3) {
            return changes.archive(RowId::Thing(thing.id), revision);
        }
        thing.revision = revision;
        thing.name = self.text();
        self.dress(&mut thing);
        changes.replace(thing)
    }

    fn new_knowledge(&mut self) -> Knowledge {
        let id = self.random.pick(&self.pool.knowledge());
        let kind = self.random.pick(&self.pool.knowledge_types());
        let mut row = Knowledge::new(self.scope, id, kind, self.pool.now);
        self.fill(&mut row);
        row
    }

    fn fill(&mut self, row: &mut Knowledge) {
        row.text = Some(self.text());
        row.embedding = self.random.maybe(&self.pool.embeddings());
        if row.knowledge_type == KnowledgeType::VectorOnly && row.embedding.is_none() {
            row.embedding = Some(self.random.pick(&self.pool.embeddings()));
        }
        let end = self.random.maybe(&self.pool.ends(self.scope.place()));
        row.source = end.map(|end| KnowledgeSource {
            end,
            role: KnowledgeRole::Summary,
            field: None,
        });
        row.labels = self.random.some(&self.pool.labels(), 3);
        row.labels.sort();
        row.labels.dedup();
    }

    fn change_knowledge(&mut self, changes: ChangeSet) -> ChangeSet {
        let id = self.random.pick(&self.pool.knowledge());
        let read = block_on(self.model.knowledge_by_id(self.scope, id)).unwrap();
        let mut row = read.unwrap_or_else(|| self.new_knowledge());
        let revision = self.revision(row.revision);
        if self.random.one_in(3) {
            return changes.archive(RowId::Knowledge(row.id), revision);
        }
        row.revision = revision;
        if self.random.one_in(2) {
            row.archived_at = None;
        }
        self.fill(&mut row);
        changes.replace(row)
    }

    fn new_person(&mut self) -> Person {
        let id = self.random.pick(&self.pool.people());
        Person::new(self.scope, id, self.text(), self.pool.now)
    }

    fn change_person(&mut self, changes: ChangeSet) -> ChangeSet {
        let id = self.random.pick(&self.pool.people());
        let read = block_on(self.model.person(self.scope, id)).unwrap();
        let mut person = read.unwrap_or_else(|| self.new_person());
        person.revision = self.revision(person.revision);
        person.display_name = self.text();
        changes.replace(person)
    }

    fn membership(&mut self) -> Membership {
        let person = self.random.pick(&self.pool.people());
        let role = match self.scope.place() {
            Place::Global => one_ontology::Role::PlatformOwner,
            Place::Group(_) => self.random.pick(&self.pool.roles()),
        };
        Membership::new(person, self.scope.place(), role, self.pool.now)
    }

    fn change_group(&mut self, changes: ChangeSet) -> ChangeSet {
        let id = self.random.pick(&self.pool.groups());
        let read = block_on(one_ontology::Directory::group(self.model, id)).unwrap();
        let Some(mut group) = read else {
            return changes.insert(self.group(id));
        };
        group.revision = self.revision(group.revision);
        group.parent = self.random.maybe(&self.pool.groups());
        group.status = self
            .random
            .pick(&[GroupStatus::Active, GroupStatus::Archived]);
        changes.replace(group)
    }

    /// A thing that is there, mostly: connections to what is not are refused.
    fn end(&mut self) -> End {
        let query = ThingQuery::default();
        let there = block_on(self.model.things(self.scope, &query)).unwrap();
        if there.items.is_empty() || self.random.one_in(4) {
            return self.random.pick(&self.pool.ends(self.scope.place()));
        }
        self.random.pick(&there.items).id.into()
    }

    fn connection(&mut self) -> Connection {
        let (from, to) = (self.end(), self.end());
        let mut connection = Connection::new(
            self.scope,
            self.random.pick(&self.pool.connections()),
            from,
            self.random.pick(&self.pool.connection_types()),
            to,
            self.pool.now,
        );
        if self.random.one_in(4) {
            connection.valid_from = None;
        }
        connection
    }

    fn insist(&mut self, changes: ChangeSet) -> ChangeSet {
        if self.random.one_in(2) {
            return changes.insist_absent(queries::things(self.random, self.pool));
        }
        let things = queries::things(self.random, self.pool);
        let page = block_on(self.model.things(self.scope, &things)).unwrap();
        match page.items.first() {
            Some(thing) => {
                let revision = self.revision(thing.revision);
                changes.insist(Row::from(thing.clone()).id(), revision)
            }
            None => changes,
        }
    }

    fn budget(&mut self, changes: ChangeSet) -> ChangeSet {
        let (key, rule) = self.random.pick(&self.pool.budgets());
        let amount = self.random.pick(&[1, 1, 1, 2, 9]);
        let spend = Spend { key, rule, amount };
        if self.random.one_in(3) {
            let mut settle = Settle::refund(&spend, self.last_event());
            settle.actual = self.random.pick(&[0, 0, 1, 3]);
            changes.settle(settle)
        } else {
            changes.spend(spend)
        }
    }

    fn last_event(&self) -> Timestamp {
        let query = one_ontology::EventQuery::default();
        let events = block_on(self.model.events(self.scope, &query))
            .unwrap()
            .items;
        events
            .last()
            .map_or(self.pool.now, |event: &Event| event.at)
    }
}
