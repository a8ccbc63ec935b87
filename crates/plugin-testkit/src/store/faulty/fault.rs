//! What can be wrong.

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One thing that a [`FaultyStore`](super::FaultyStore) does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Fault {
            /// Nothing: the control.
            None,
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// Everything that can be wrong.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }
    };
}

faults! {
    /// Writes all rows of a change set but the second.
    LosesSecondRow,
    /// Does not write connections.
    LosesConnections,
    /// Does not write what was spent.
    LosesBudgets,
    /// Does not write the last of several events.
    ForgetsLastEvent,
    /// Appends the events of a change set in reverse.
    ReordersEvents,
    /// Writes rows even if the change set is refused.
    KeepsRowsOfRefused,
    /// Appends an event even if the change set is refused.
    KeepsEventsOfRefused,
    /// Looks up nothing of what is insisted to be absent.
    IgnoresAbsence,
    /// Looks for absence within the query's limit only.
    LooksForAbsenceInOnePage,
    /// Finds no rows, so that inserting overwrites.
    InsertsOverOldRows,
    /// Finds rows as they were first written.
    FindsFirstRevisions,
    /// Does not find budgets, so that they are granted again.
    GrantsTwice,
    /// Spends budgets of all places together.
    SharesBudgets,
    /// Keeps no receipts.
    ForgetsReceipts,
    /// Replays the last receipt of the place, whatever the key.
    ReplaysTheLastReceipt,
    /// Replays keys of other places.
    ReplaysOfOtherPlaces,
    /// Writes again when it replays, and says that it did.
    SaysDoneForReplays,
    /// Does not find the head, so that numbers start again.
    StartsChainsAgain,
    /// Appends to one chain for all places.
    SharesChains,
    /// Takes every group for active.
    WritesToArchivedGroups,
    /// Takes every group for being there.
    WritesToMissingGroups,
    /// Finds ends of connections in all places.
    ConnectsAcrossGroups,
    /// Does not find ends in the shared registry.
    MissesSharedEnds,
    /// Finds ends in the shared registry first.
    PrefersSharedEnds,
    /// Finds things of other places by id.
    DropsScopeOfThing,
    /// Lists things of other places.
    DropsScopeOfThings,
    /// Lists things of other places by `npm_package`.
    DropsScopeOfPackages,
    /// Lists connections of other places.
    DropsScopeOfConnections,
    /// Lists events of other places by target.
    DropsScopeOfTargets,
    /// Lists knowledge of other places.
    DropsScopeOfKnowledge,
    /// Finds knowledge of other places by id.
    DropsScopeOfKnowledgeById,
    /// Lists people of other places.
    DropsScopeOfPeople,
    /// Finds people of other places by id.
    DropsScopeOfPerson,
    /// Finds memberships of other places.
    DropsScopeOfMembership,
    /// Searches in all places.
    DropsScopeOfSearch,
    /// Counts the rows of all places for a search.
    CountsAllPlaces,
    /// Reads the budgets of other places.
    DropsScopeOfBudget,
    /// Watches all places.
    DropsScopeOfWatch,
    /// Lists archived things.
    ListsArchivedThings,
    /// Lists archived knowledge.
    ListsArchivedKnowledge,
    /// Lists ended connections.
    ListsEndedConnections,
    /// Lists things by id.
    ListsThingsById,
    /// Lists the oldest knowledge first.
    ListsOldestFirst,
    /// Compares names without their case.
    IgnoresCase,
    /// Compares properties as texts.
    ComparesPropertiesAsText,
    /// Takes one label for all.
    ChecksOneLabel,
    /// Repeats the last row of a page on the next.
    RepeatsAtPages,
    /// Leaves out the first row of each page but the first.
    SkipsAtPages,
    /// Starts again at a cursor of another query.
    IgnoresForeignCursors,
    /// Gives one row more than was asked for.
    OverfillsPages,
    /// Says that there is more when there is not.
    PromisesMore,
    /// Ignores the number after which events are asked for.
    IgnoresAfter,
    /// Keeps moments to the millisecond.
    CutsMicroseconds,
    /// Keeps vectors in half the bits.
    RoundsVectors,
    /// Reads numbers in events as floats.
    LosesNumbers,
    /// Does not find words of replaced things anew.
    IndexesOnce,
    /// Finds the archived in a search.
    FindsArchived,
    /// Finds one more than the limit.
    FindsTooMuch,
    /// Compares vectors of all models.
    MixesModels,
    /// Does not say that a group is archived or there.
    HidesArchivedGroups,
    /// Hides memberships that have ended.
    HidesEndedMemberships,
    /// Lists only children as descendants.
    ListsChildrenOnly,
    /// Lists a group among its own descendants.
    ListsItselfAsDescendant,
    /// Orders descendants by id alone.
    OrdersDescendantsById,
    /// Leaves out the first event of a watch.
    WatchesLate,
    /// Does not wake watchers.
    NeverWakes,
    /// Ends a watch when there is no event.
    EndsWatches,
    /// Decides, lets others in, and then writes.
    DecidesOutsideTheLock,
    /// Shows rows before all of a change set is written.
    ShowsHalfACommit,
    /// Lets reads see the state before the last commit.
    ReadsLate,
}
