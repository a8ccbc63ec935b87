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
    /// Prunes one event more than it may.
    PrunesOneTooMany,
    /// Keeps the last event that was pruned.
    PrunesOneTooFew,
    /// Keeps all that was pruned.
    NeverPrunes,
    /// Prunes the events of all places.
    PrunesAllPlaces,
    /// Prunes even if the change set is refused.
    PrunesForRefused,
    /// Looks up the head where it should look up the event that a checkpoint ends with.
    FindsTheHeadForACheckpoint,
    /// Does not keep the event that says what was pruned.
    PrunesInSilence,
    /// Forgets receipts of events that were pruned.
    PrunesReceipts,
    /// Watches on behind a gap that was pruned.
    WatchesOverGaps,
    /// Goes on with a watch after its error.
    WatchesAfterErrors,
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
    /// Writes all connections of a change set but the first.
    LosesSecondConnection,
    /// Writes only the first of several budgets.
    LosesSecondBudget,
    /// Takes any revision for the one that was read.
    IgnoresRevisions,
    /// Writes over rows of the same id in other places.
    OverwritesOtherPlaces,
    /// Writes things of groups to the shared registry too.
    PublishesThings,
    /// Writes over connections of the same id in other places.
    OverwritesOtherConnections,
    /// Finds rows of other places when it decides.
    FindsRowsOfOtherPlaces,
    /// Finds connections of other places when it decides.
    FindsConnectionsOfOtherPlaces,
    /// Looks in all places for what must be absent.
    LooksForAbsenceEverywhere,
    /// Does not find archived rows when it decides.
    MissesArchivedRows,
    /// Does not find ended connections when it decides.
    MissesEndedConnections,
    /// Does not find archived ends of connections.
    MissesArchivedEnds,
    /// Keeps the key of a change set that was refused.
    KeepsKeysOfRefused,
    /// Replays without saying what budgets had used.
    ReplaysWithoutBudgets,
    /// Takes keys that differ in case for one.
    FoldsKeys,
    /// Takes keys of budgets that differ in case for one.
    FoldsBudgetKeys,
    /// Keeps what was spent to the second.
    RoundsBudgets,
    /// Keeps ten moments of a window at most.
    ForgetsOldSpends,
    /// Lists things of other places by name.
    DropsScopeOfNames,
    /// Lists things of other places by `registry_url`.
    DropsScopeOfUrls,
    /// Lists things of other places by type.
    DropsScopeOfTypes,
    /// Lists connections of other places by an end.
    DropsScopeOfEnds,
    /// Lists all events of all places.
    DropsScopeOfEvents,
    /// Lists events of other places by type.
    DropsScopeOfEventTypes,
    /// Gives the head of any place.
    DropsScopeOfHead,
    /// Lists knowledge of other places by label.
    DropsScopeOfLabels,
    /// Lists knowledge of other places by source.
    DropsScopeOfSources,
    /// Searches in all places when there is a vector.
    DropsScopeOfVectors,
    /// Searches things in all places.
    DropsScopeOfThingSearch,
    /// Does not look at the types of things.
    IgnoresTypes,
    /// Does not look at the statuses asked for.
    IgnoresStatuses,
    /// Lists only what is active, if no status is asked for.
    ListsOnlyTheActive,
    /// Looks at the first of several properties.
    ChecksOneProperty,
    /// Takes a property that is not there for null.
    TakesMissingForNull,
    /// Does not look at the types of connections.
    IgnoresConnectionTypes,
    /// Does not look at where a connection starts.
    IgnoresFrom,
    /// Does not look at where a connection leads.
    IgnoresTo,
    /// Does not look at the types of events.
    IgnoresEventTypes,
    /// Does not look at the target of events.
    IgnoresTargets,
    /// Does not look at the types of knowledge.
    IgnoresKnowledgeTypes,
    /// Does not look at what knowledge is about.
    IgnoresSources,
    /// Does not find archived things by id.
    HidesArchivedThings,
    /// Does not find archived knowledge by id.
    HidesArchivedKnowledge,
    /// Never lists more than a hundred rows a page, and says that there are no more.
    CapsPages,
    /// Leaves out what has the name of a page's last row.
    SkipsEqualNamesAtPages,
    /// Starts again at a cursor whose position is none.
    IgnoresMadeUpPositions,
    /// Trims names.
    TrimsNames,
    /// Leaves out properties that are null.
    LosesNulls,
    /// Keeps no property that is larger than 64 KiB.
    LosesLargeProperties,
    /// Does not keep addresses.
    LosesAddresses,
    /// Does not keep which chunk a row is.
    LosesChunks,
    /// Does not keep which field a row was made from.
    LosesFields,
    /// Does not keep metadata of connections.
    LosesConnectionMetadata,
    /// Keeps no moment that 64 bits of nanoseconds cannot say.
    CutsFarMoments,
    /// Says that the platform has acted, whoever has.
    ForgetsActors,
    /// Does not look at types and labels in a search.
    SearchesAmongAll,
    /// Does not look at how close a vector must be.
    IgnoresCloseness,
    /// Counts the rows that are not meant for a search.
    CountsWhatIsNotMeant,
    /// Lists hits in order of id.
    OrdersHitsById,
    /// Looks for words as they are given only.
    FindsExactWordsOnly,
    /// Takes a word for found that only rows have which are not meant.
    TakesWordsOfOthersForThere,
    /// Looks in all places for what may stand for a typo, and gives its own rows.
    StandsInFromOtherPlaces,
    /// Ranks both lists of a search down to their ends.
    RanksToTheEnd,
    /// Compares vectors as bytes.
    ComparesVectorsAsBytes,
    /// Does not find vectors of zeros.
    LeavesOutZeros,
    /// Searches what there was at the search before.
    IndexesAfterSearching,
    /// Does not search by words when there is a vector.
    IgnoresWordsBesideVectors,
    /// Goes no further than two layers down.
    ListsTwoLayers,
    /// Goes no further than fifty layers down.
    ListsFiftyLayers,
    /// Leaves out archived groups and what is below them.
    LeavesOutArchivedGroups,
    /// Lists nothing below a group that is not there.
    NeedsTheParent,
    /// Repeats the last event that was seen when a watch goes on.
    WatchesFromTheLastSeen,
    /// Shows every event of a watch twice.
    WatchesTwice,
    /// Leaves out events when several wait to be seen.
    SkipsWaitingEvents,
    /// Starts a watch at once, though its number is not reached.
    WatchesFromTheHead,
    /// Wakes only the watcher that has waited longest.
    WakesOne,
    /// Says that events are there before the rows are.
    ShowsEventsFirst,
}
