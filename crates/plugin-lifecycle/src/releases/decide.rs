//! What is to be said of an instance, and what is new of it.

use one_ontology::{Timestamp, excerpt};
use plugin_registry::ReleaseStatus;
use semver::Version;

use super::facts::releases_of;
use super::{Notice, NoticeKind, ReleaseFacts, ReleaseSettings, Treatment};
use crate::{PluginInstance, StateKind};

/// The most notices of one instance; the gravest are kept.
const MOST: usize = 64;

/// Everything that is to be said of the releases that an instance runs, the gravest first, as its organisation wants it.
/// What was said before keeps the time since when.
#[must_use]
pub fn notices(
    instance: &PluginInstance,
    facts: &ReleaseFacts,
    settings: &ReleaseSettings,
    now: Timestamp,
) -> Vec<Notice> {
    let mut found = Vec::new();
    for (package, version) in releases_of(instance) {
        for said in said_of(&package, &version, facts) {
            let treatment = settings.treatments.of(said.kind);
            let Ok(package) = package.parse() else {
                continue;
            };
            if treatment == Treatment::Ignore {
                continue;
            }
            let message = said.message.filter(|text| !text.is_empty());
            let mut notice = Notice {
                kind: said.kind,
                package,
                version: version.to_string(),
                message: message.map(plain),
                severity: said.severity,
                treatment,
                since: now,
            };
            let mut before = instance.notices.iter();
            if let Some(before) = before.find(|it| it.is_about_the_same(&notice)) {
                notice.since = before.since;
            }
            found.push(notice);
        }
    }
    found.sort_by(|a, b| (a.kind, b.severity).cmp(&(b.kind, a.severity)));
    found.truncate(MOST);
    found
}

/// A stranger's words as they may be shown: short, on one line, and nothing in them that changes how the rest is read.
fn plain(text: &str) -> String {
    let is_unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    excerpt(&seen, Notice::MESSAGE)
}

struct Said<'a> {
    kind: NoticeKind,
    message: Option<&'a str>,
    severity: Option<plugin_registry::Severity>,
}

fn said_of<'a>(package: &str, version: &Version, facts: &'a ReleaseFacts) -> Vec<Said<'a>> {
    let mut said = Vec::new();
    if let Some(revocation) = facts.revocations.find(package, version) {
        said.push(Said {
            kind: NoticeKind::Revoked,
            message: Some(&revocation.reason),
            severity: Some(revocation.severity),
        });
    }
    let standing = facts.standing(package, version);
    let kind = standing.and_then(|standing| match standing.status {
        ReleaseStatus::Deprecated => Some(NoticeKind::Deprecated),
        ReleaseStatus::Yanked | ReleaseStatus::Revoked => Some(NoticeKind::Unpublished),
        ReleaseStatus::Draft | ReleaseStatus::Published => None,
    });
    said.extend(kind.map(|kind| Said {
        kind,
        message: match kind {
            NoticeKind::Deprecated => standing.and_then(|it| it.reason.as_deref()),
            NoticeKind::Revoked | NoticeKind::Unpublished => None,
        },
        severity: None,
    }));
    said
}

/// What changes of what is said of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeChange {
    /// What was not said before, or is treated otherwise now, or for another reason where the owner of the platform says it.
    pub raised: Vec<Notice>,
    /// What is said no longer.
    pub cleared: Vec<Notice>,
}

impl NoticeChange {
    /// From what was said to what is said.
    #[must_use]
    pub fn between(before: &[Notice], now: &[Notice]) -> Self {
        let raised = now
            .iter()
            .filter(|new| !before.iter().any(|old| old.says_the_same(new)));
        let cleared = before
            .iter()
            .filter(|old| !now.iter().any(|new| new.is_about_the_same(old)));
        Self {
            raised: raised.cloned().collect(),
            cleared: cleared.cloned().collect(),
        }
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raised.is_empty() && self.cleared.is_empty()
    }
}

/// For what an instance that runs, or starts, is to be suspended: a revocation as long as it stands; anything else
/// once, so that whoever resumes it has decided.
pub(crate) fn suspended_for<'a>(
    instance: &PluginInstance,
    now: &'a [Notice],
    change: &NoticeChange,
) -> Option<&'a Notice> {
    let runs = match instance.lifecycle.kind() {
        StateKind::Activating | StateKind::Active | StateKind::Executing => true,
        StateKind::Discovered
        | StateKind::Installing
        | StateKind::Installed
        | StateKind::Deactivating
        | StateKind::Suspended
        | StateKind::Error
        | StateKind::Failed
        | StateKind::Updating
        | StateKind::RollingBack
        | StateKind::Uninstalling
        | StateKind::Uninstalled => false,
    };
    now.iter().find(|notice| {
        runs && notice.treatment == Treatment::Suspend
            && (notice.kind == NoticeKind::Revoked || change.raised.contains(notice))
    })
}
