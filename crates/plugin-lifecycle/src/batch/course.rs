//! In which order several instances are gone through.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::ThingId;

/// The order in which instances are gone through, and which of them waits for which.
///
/// ```
/// use std::collections::BTreeSet;
/// use one_ontology::ThingId;
/// use plugin_lifecycle::Course;
/// let [chat, sql, core] = ["chat", "sql", "core"].map(|name| ThingId::of_name(&[name]));
/// let course = Course::new(&[chat, sql, core], [(chat, sql), (sql, core)]);
/// assert_eq!(course.order(), [core, sql, chat]);
/// assert_eq!(course.held_by(chat, &BTreeSet::from([sql])), Some(sql));
/// assert_eq!(course.held_by(core, &BTreeSet::from([sql])), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    order: Vec<ThingId>,
    waits_for: BTreeMap<ThingId, BTreeSet<ThingId>>,
}

impl Course {
    /// Of these instances, where the first of each pair waits for the second: those that are waited for come first, else they are
    /// in the order given, and so are those that wait for each other. What is not among them is waited for by nobody.
    #[must_use]
    pub fn new(of: &[ThingId], waits_for: impl IntoIterator<Item = (ThingId, ThingId)>) -> Self {
        let all: BTreeSet<ThingId> = of.iter().copied().collect();
        let mut course = Self::default();
        for (who, whom) in waits_for {
            if who != whom && all.contains(&who) && all.contains(&whom) {
                course.waits_for.entry(who).or_default().insert(whom);
            }
        }
        course.order = course.ordered(of);
        course
    }

    fn ordered(&self, of: &[ThingId]) -> Vec<ThingId> {
        let mut seen = BTreeSet::new();
        let mut order = Vec::with_capacity(of.len());
        let mut open: Vec<Visit> = of.iter().rev().map(|id| Visit::Come(*id)).collect();
        while let Some(visit) = open.pop() {
            match visit {
                Visit::Leave(id) => order.push(id),
                Visit::Come(id) if seen.insert(id) => {
                    open.push(Visit::Leave(id));
                    let whom = self.waits_for.get(&id).into_iter().flatten();
                    open.extend(whom.rev().map(|id| Visit::Come(*id)));
                }
                Visit::Come(_) => {}
            }
        }
        order
    }

    /// All of them, each once.
    #[must_use]
    pub fn order(&self) -> &[ThingId] {
        &self.order
    }

    /// One that an instance waits for and that is among these.
    #[must_use]
    pub fn held_by(&self, instance: ThingId, these: &BTreeSet<ThingId>) -> Option<ThingId> {
        let mut whom = self.waits_for.get(&instance).into_iter().flatten();
        whom.find(|id| these.contains(id)).copied()
    }
}

enum Visit {
    Come(ThingId),
    Leave(ThingId),
}
