//! Who waits for a place, and who is next.

use std::collections::VecDeque;

use one_ontology::vocabulary;

vocabulary! {
    /// How urgent an execution is that waits.
    closed Priority ("`low`, `normal` or `high`") {
        /// It can wait.
        Low = "low",
        /// As most.
        Normal = "normal",
        /// Somebody is waiting for it.
        High = "high",
    }
}

/// How long a queue may become, and how long those in it are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// How many executions of an organisation may wait: 10,000.
    pub waiting: usize,
    /// After how many more urgent ones in a row one that is less urgent has its turn: 8.
    pub patience: u32,
}

impl Default for QueuePolicy {
    fn default() -> Self {
        Self {
            waiting: 10_000,
            patience: 8,
        }
    }
}

/// Nobody else may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    /// How many may.
    pub limit: usize,
}

/// Those who wait: the most urgent first, of equally urgent ones the first to come; and nobody is
/// passed over more than so often in a row.
///
/// ```
/// use plugin_lifecycle::{Priority, Queue, QueuePolicy};
///
/// let policy = QueuePolicy::default();
/// let mut queue = Queue::default();
/// for (priority, who) in [(Priority::Low, 1), (Priority::High, 2), (Priority::High, 3)] {
///     queue.join(&policy, priority, who).unwrap();
/// }
/// assert_eq!(queue.next(&policy), Some(2));
/// assert_eq!(queue.next(&policy), Some(3));
/// assert_eq!(queue.next(&policy), Some(1));
/// ```
#[derive(Clone, Debug)]
pub struct Queue<T> {
    low: Lane<T>,
    normal: Lane<T>,
    high: Lane<T>,
}

#[derive(Clone, Debug)]
struct Lane<T> {
    waiting: VecDeque<T>,
    /// How often in a row a more urgent one was taken while somebody waited here.
    passed: u32,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            passed: 0,
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            low: Lane::default(),
            normal: Lane::default(),
            high: Lane::default(),
        }
    }
}

impl<T: PartialEq> Queue<T> {
    /// Waits behind those who are as urgent.
    ///
    /// # Errors
    /// As many wait as may.
    pub fn join(
        &mut self,
        policy: &QueuePolicy,
        priority: Priority,
        who: T,
    ) -> Result<(), QueueFull> {
        if self.len() >= policy.waiting {
            return Err(QueueFull {
                limit: policy.waiting,
            });
        }
        self.lane(priority).waiting.push_back(who);
        Ok(())
    }

    /// Who has the next place; they wait no longer.
    pub fn next(&mut self, policy: &QueuePolicy) -> Option<T> {
        let priority = self.turn(policy)?;
        for lower in Priority::ALL.iter().filter(|lower| **lower < priority) {
            let lane = self.lane(*lower);
            if !lane.waiting.is_empty() {
                lane.passed = lane.passed.saturating_add(1);
            }
        }
        let lane = self.lane(priority);
        lane.passed = 0;
        lane.waiting.pop_front()
    }

    /// Who would have the next place.
    #[must_use]
    pub fn first(&self, policy: &QueuePolicy) -> Option<&T> {
        let priority = self.turn(policy)?;
        self.lane_of(priority).waiting.front()
    }

    /// Waits no longer.
    pub fn leave(&mut self, who: &T) {
        for priority in Priority::ALL {
            self.lane(*priority).waiting.retain(|it| it != who);
        }
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        let lanes = Priority::ALL.iter().map(|it| self.lane_of(*it));
        lanes.map(|lane| lane.waiting.len()).sum()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whose turn it is: the least urgent of those who were passed over often enough, else the most
    /// urgent.
    fn turn(&self, policy: &QueuePolicy) -> Option<Priority> {
        let waits = |it: &&Priority| !self.lane_of(**it).waiting.is_empty();
        let mut waiting = Priority::ALL.iter().filter(waits);
        let overdue = |it: &&Priority| self.lane_of(**it).passed >= policy.patience.max(1);
        let due = waiting.clone().find(overdue);
        due.or_else(|| waiting.next_back()).copied()
    }

    const fn lane_of(&self, priority: Priority) -> &Lane<T> {
        match priority {
            Priority::Low => &self.low,
            Priority::Normal => &self.normal,
            Priority::High => &self.high,
        }
    }

    const fn lane(&mut self, priority: Priority) -> &mut Lane<T> {
        match priority {
            Priority::Low => &mut self.low,
            Priority::Normal => &mut self.normal,
            Priority::High => &mut self.high,
        }
    }
}
