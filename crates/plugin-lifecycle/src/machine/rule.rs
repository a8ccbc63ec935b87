//! The rows of the published transition table.

use one_ontology::PluginEventType;

/// A row of the published transition table, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the rows are documented by the table")]
pub enum Rule {
    T01,
    T02,
    T03,
    T04,
    T05,
    T06,
    T07,
    T08,
    T09,
    T10,
    T11,
    T12,
    T13,
    T14,
    T15,
    T16,
    T17,
    T18,
    T19,
    T20,
    T21,
    T22,
    T23,
    T24,
    T25,
    T26,
    T27,
    T28,
    T29,
    T30,
    T31,
    T32,
    T33,
    T34,
    T35,
    T36,
    T37,
    T38,
    T39,
    T40,
    T41,
    T42,
    T43,
    T44,
    T45,
    T46,
    T47,
    T48,
    T49,
    T50,
    T51,
    T52,
    T53,
    T54,
    T55,
    T56,
    T57,
    T58,
    T59,
    T60,
    T61,
    T62,
    T63,
}

impl Rule {
    /// Every row.
    pub const ALL: &[Self] = &[
        Self::T01,
        Self::T02,
        Self::T03,
        Self::T04,
        Self::T05,
        Self::T06,
        Self::T07,
        Self::T08,
        Self::T09,
        Self::T10,
        Self::T11,
        Self::T12,
        Self::T13,
        Self::T14,
        Self::T15,
        Self::T16,
        Self::T17,
        Self::T18,
        Self::T19,
        Self::T20,
        Self::T21,
        Self::T22,
        Self::T23,
        Self::T24,
        Self::T25,
        Self::T26,
        Self::T27,
        Self::T28,
        Self::T29,
        Self::T30,
        Self::T31,
        Self::T32,
        Self::T33,
        Self::T34,
        Self::T35,
        Self::T36,
        Self::T37,
        Self::T38,
        Self::T39,
        Self::T40,
        Self::T41,
        Self::T42,
        Self::T43,
        Self::T44,
        Self::T45,
        Self::T46,
        Self::T47,
        Self::T48,
        Self::T49,
        Self::T50,
        Self::T51,
        Self::T52,
        Self::T53,
        Self::T54,
        Self::T55,
        Self::T56,
        Self::T57,
        Self::T58,
        Self::T59,
        Self::T60,
        Self::T61,
        Self::T62,
        Self::T63,
    ];

    /// Its number in the table: `T16`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::T01 => "T01",
            Self::T02 => "T02",
            Self::T03 => "T03",
            Self::T04 => "T04",
            Self::T05 => "T05",
            Self::T06 => "T06",
            Self::T07 => "T07",
            Self::T08 => "T08",
            Self::T09 => "T09",
            Self::T10 => "T10",
            Self::T11 => "T11",
            Self::T12 => "T12",
            Self::T13 => "T13",
            Self::T14 => "T14",
            Self::T15 => "T15",
            Self::T16 => "T16",
            Self::T17 => "T17",
            Self::T18 => "T18",
            Self::T19 => "T19",
            Self::T20 => "T20",
            Self::T21 => "T21",
            Self::T22 => "T22",
            Self::T23 => "T23",
            Self::T24 => "T24",
            Self::T25 => "T25",
            Self::T26 => "T26",
            Self::T27 => "T27",
            Self::T28 => "T28",
            Self::T29 => "T29",
            Self::T30 => "T30",
            Self::T31 => "T31",
            Self::T32 => "T32",
            Self::T33 => "T33",
            Self::T34 => "T34",
            Self::T35 => "T35",
            Self::T36 => "T36",
            Self::T37 => "T37",
            Self::T38 => "T38",
            Self::T39 => "T39",
            Self::T40 => "T40",
            Self::T41 => "T41",
            Self::T42 => "T42",
            Self::T43 => "T43",
            Self::T44 => "T44",
            Self::T45 => "T45",
            Self::T46 => "T46",
            Self::T47 => "T47",
            Self::T48 => "T48",
            Self::T49 => "T49",
            Self::T50 => "T50",
            Self::T51 => "T51",
            Self::T52 => "T52",
            Self::T53 => "T53",
            Self::T54 => "T54",
            Self::T55 => "T55",
            Self::T56 => "T56",
            Self::T57 => "T57",
            Self::T58 => "T58",
            Self::T59 => "T59",
            Self::T60 => "T60",
            Self::T61 => "T61",
            Self::T62 => "T62",
            Self::T63 => "T63",
        }
    }

    /// What is said to have happened.
    #[must_use]
    pub const fn events(self) -> &'static [PluginEventType] {
        match self {
            Self::T01 => &[PluginEventType::PluginDiscovered],
            Self::T02
            | Self::T03
            | Self::T04
            | Self::T08
            | Self::T09
            | Self::T13
            | Self::T22
            | Self::T23
            | Self::T27
            | Self::T28
            | Self::T29
            | Self::T33
            | Self::T36
            | Self::T37
            | Self::T42
            | Self::T43
            | Self::T48
            | Self::T49
            | Self::T50
            | Self::T51
            | Self::T52
            | Self::T53 => &[PluginEventType::PluginOperationStarted],
            Self::T05 => &[PluginEventType::PluginInstalled],
            Self::T06 | Self::T11 | Self::T31 | Self::T40 | Self::T56 | Self::T62 | Self::T63 => {
                &[PluginEventType::PluginErrorOccurred]
            }
            Self::T07 | Self::T12 | Self::T26 | Self::T41 | Self::T47 | Self::T54 | Self::T57 => {
                &[]
            }
            Self::T10 => &[PluginEventType::PluginActivated],
            Self::T14 | Self::T15 => &[PluginEventType::PluginActionInitiated],
            Self::T16 | Self::T17 | Self::T20 => &[PluginEventType::PluginActionExecuted],
            Self::T18 | Self::T19 | Self::T32 => &[
                PluginEventType::PluginActionFailed,
                PluginEventType::PluginErrorOccurred,
            ],
            Self::T21 => &[PluginEventType::PluginActionFailed],
            Self::T24 | Self::T25 | Self::T30 | Self::T34 | Self::T35 => {
                &[PluginEventType::PluginDeactivated]
            }
            Self::T38 | Self::T39 => &[PluginEventType::PluginUpdated],
            Self::T44 | Self::T45 => &[PluginEventType::PluginRolledBack],
            Self::T46 => &[
                PluginEventType::PluginRolledBack,
                PluginEventType::PluginErrorOccurred,
            ],
            Self::T55 => &[PluginEventType::PluginUninstalled],
            Self::T58 | Self::T59 | Self::T60 | Self::T61 => &[PluginEventType::PluginConfigured],
        }
    }
}
