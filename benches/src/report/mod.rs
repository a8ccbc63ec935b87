//! What was measured, as a table and as a plot.

mod plot;
mod table;

use std::fs;
use std::path::Path;

pub use self::plot::plot;
pub use self::table::table;

/// Figures of one kind, side by side.
#[derive(Debug, Clone)]
pub struct Section {
    /// What is measured.
    pub title: String,
    /// What one must know to read it.
    pub note: String,
    /// Who is measured, ours first.
    pub contestants: Vec<String>,
    /// How many of them are ours; at least one. Targets are for each.
    pub ours: usize,
    /// The figures.
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What of.
    pub label: String,
    /// In what.
    pub unit: Unit,
    /// What ours should be.
    pub target: Option<Target>,
    /// One for each contestant.
    pub cells: Vec<Cell>,
}

/// What ours should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// This or better.
    Figure(f64),
    /// At most so many times as costly as the first peer's: of rates, at least the peer's divided by it.
    OfPeer(f64),
}

/// What a figure is counted in. Less is better, but of rates and shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths of a second.
    Milliseconds,
    /// Billionths of a second.
    Nanoseconds,
    /// How many in a second; more is better.
    PerSecond,
    /// Units of 1,024 bytes.
    Kibibytes,
    /// Bytes.
    Bytes,
    /// Hundredths of what there could be; more is better.
    Percent,
}

/// A figure of one contestant.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Measured, with what else is to be said.
    Figure(f64, String),
    /// It gave up here by itself, without a verdict.
    GaveUp(f64),
    /// Stopped here.
    Above(f64),
    /// There is none, and why.
    None(String),
}

impl Cell {
    /// A plain figure.
    #[must_use]
    pub fn figure(value: f64) -> Self {
        Self::Figure(value, String::new())
    }

    fn value(&self) -> Option<f64> {
        match self {
            Self::Figure(value, _) | Self::GaveUp(value) | Self::Above(value) => Some(*value),
            Self::None(_) => None,
        }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Nanoseconds => "ns",
            Self::PerSecond => "a second",
            Self::Kibibytes => "KiB",
            Self::Bytes => "bytes",
            Self::Percent => "%",
        }
    }

    /// Whether more is better.
    fn rises(self) -> bool {
        matches!(self, Self::Percent | Self::PerSecond)
    }

    fn meets(self, value: f64, target: f64) -> bool {
        if self.rises() {
            value >= target
        } else {
            value <= target
        }
    }
}

impl Section {
    /// Whether ours are what they should be, where that was said and there is what they are held to.
    #[must_use]
    pub fn is_met(&self, row: &Row) -> Option<bool> {
        let (ours, peers) = row.cells.split_at(self.ours);
        let target = match row.target? {
            Target::Figure(figure) => figure,
            Target::OfPeer(times) => match peers.first()? {
                Cell::Figure(peer, _) if row.unit.rises() => peer / times,
                Cell::Figure(peer, _) => peer * times,
                Cell::GaveUp(_) | Cell::Above(_) | Cell::None(_) => return None,
            },
        };
        Some(ours.iter().all(|cell| match cell {
            Cell::Figure(value, _) | Cell::GaveUp(value) => row.unit.meets(*value, target),
            Cell::Above(_) | Cell::None(_) => false,
        }))
    }

    /// Of each row that has a target, whether it is met.
    pub fn verdicts(&self) -> impl Iterator<Item = bool> {
        self.rows.iter().filter_map(|row| self.is_met(row))
    }
}

/// Writes a run's table and plot to the folder `bench` beside `scratch` (cargo's `CARGO_TARGET_TMPDIR`), and says where.
///
/// # Panics
/// If they cannot be written.
#[must_use]
pub fn write(scratch: &str, name: &str, title: &str, sections: &[Section]) -> String {
    let folder = Path::new(scratch).parent().unwrap().join("bench");
    fs::create_dir_all(&folder).unwrap();
    let (md, svg) = (format!("{name}.md"), format!("{name}.svg"));
    fs::write(folder.join(&md), table(sections)).unwrap();
    fs::write(folder.join(&svg), plot(title, sections)).unwrap();
    format!("wrote {md} and {svg} to {}", folder.display())
}

/// Three significant digits, with commas.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() {
        grouped
    } else {
        format!("{grouped}.{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(ours: usize, row: Row) -> Section {
        Section {
            title: String::new(),
            note: String::new(),
            contestants: row.cells.iter().map(|_| String::new()).collect(),
            ours,
            rows: vec![row],
        }
    }

    fn verdict(ours: usize, unit: Unit, target: Target, cells: &[f64]) -> Option<bool> {
        let row = Row {
            label: String::new(),
            unit,
            target: Some(target),
            cells: cells.iter().map(|value| Cell::figure(*value)).collect(),
        };
        section(ours, row.clone()).is_met(&row)
    }

    #[test]
    fn a_target_is_a_figure_or_so_many_times_the_first_peers() {
        use Target::{Figure, OfPeer};
        use Unit::{Milliseconds, PerSecond, Percent};
        for (unit, target, cells, met) in [
            (Milliseconds, Figure(5.0), [5.0, 1.0], true),
            (Milliseconds, Figure(5.0), [5.1, 9.0], false),
            (Percent, Figure(99.0), [99.0, 0.0], true),
            (Percent, Figure(99.0), [98.9, 100.0], false),
            (Milliseconds, OfPeer(1.3), [13.0, 10.0], true),
            (Milliseconds, OfPeer(1.3), [13.1, 10.0], false),
            (PerSecond, OfPeer(1.3), [10.0, 13.0], true),
            (PerSecond, OfPeer(1.3), [9.9, 13.0], false),
            (Milliseconds, OfPeer(0.002), [1.0, 500.0], true),
            (Milliseconds, OfPeer(0.002), [1.0, 499.0], false),
        ] {
            let found = verdict(1, unit, target, &cells);
            assert_eq!(found, Some(met), "{unit:?} {target:?} {cells:?}");
        }
    }

    #[test]
    fn each_of_ours_is_held_to_a_target() {
        let target = Target::Figure(5.0);
        let of = |cells: &[f64]| verdict(2, Unit::Milliseconds, target, cells);
        assert_eq!(of(&[4.0, 5.0, 9.0]), Some(true));
        assert_eq!(of(&[4.0, 6.0, 1.0]), Some(false));
    }

    #[test]
    fn without_its_peer_nothing_is_held_to_it() {
        let row = Row {
            label: String::new(),
            unit: Unit::Milliseconds,
            target: Some(Target::OfPeer(1.3)),
            cells: vec![Cell::figure(1.0), Cell::None("not there".to_owned())],
        };
        assert_eq!(section(1, row.clone()).is_met(&row), None);
    }
}
