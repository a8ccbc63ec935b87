//! What can be asked of a store, by name.

use std::fmt;

/// A method of `Store` or `Directory`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `Store::commit`.
    Commit,
    /// `Store::thing`.
    Thing,
    /// `Store::things`.
    Things,
    /// `Store::connections`.
    Connections,
    /// `Store::events`.
    Events,
    /// `Store::head`.
    Head,
    /// `Store::knowledge`.
    Knowledge,
    /// `Store::knowledge_by_id`.
    KnowledgeById,
    /// `Store::people`.
    People,
    /// `Store::person`.
    Person,
    /// `Store::search`.
    Search,
    /// `Store::budget`.
    Budget,
    /// `Store::watch`.
    Watch,
    /// `Directory::group`.
    Group,
    /// `Directory::membership`.
    Membership,
    /// `Directory::descendants`.
    Descendants,
}

impl Method {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Commit,
        Self::Thing,
        Self::Things,
        Self::Connections,
        Self::Events,
        Self::Head,
        Self::Knowledge,
        Self::KnowledgeById,
        Self::People,
        Self::Person,
        Self::Search,
        Self::Budget,
        Self::Watch,
        Self::Group,
        Self::Membership,
        Self::Descendants,
    ];

    /// The stable name: that of the method in the port.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Thing => "thing",
            Self::Things => "things",
            Self::Connections => "connections",
            Self::Events => "events",
            Self::Head => "head",
            Self::Knowledge => "knowledge",
            Self::KnowledgeById => "knowledge_by_id",
            Self::People => "people",
            Self::Person => "person",
            Self::Search => "search",
            Self::Budget => "budget",
            Self::Watch => "watch",
            Self::Group => "group",
            Self::Membership => "membership",
            Self::Descendants => "descendants",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
