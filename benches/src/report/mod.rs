//! What was measured, as a table and as a plot.

mod plot;
mod table;

pub use self::plot::plot;
pub use self::table::table;

/// Figures of one kind, side by side.
#[derive(Debug, Clone)]
pub struct Section {
    /// What is measured.
    pub title: String,
    /// What one must know to read it.
    pub note: String,
    /// Who is measured; the first is ours.
    pub contestants: Vec<String>,
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
    pub target: Option<f64>,
    /// One for each contestant.
    pub cells: Vec<Cell>,
}

/// What a figure is counted in. Less is better, but of shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths of a second of CPU time.
    Milliseconds,
    /// Billionths of a second of CPU time.
    Nanoseconds,
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
            Self::Kibibytes => "KiB",
            Self::Bytes => "bytes",
            Self::Percent => "%",
        }
    }

    fn meets(self, value: f64, target: f64) -> bool {
        if self == Self::Percent {
            value >= target
        } else {
            value <= target
        }
    }
}

impl Row {
    /// Whether ours is what it should be, where that was said.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        let target = self.target?;
        Some(match self.cells.first() {
            Some(Cell::Figure(value, _) | Cell::GaveUp(value)) => self.unit.meets(*value, target),
            _ => false,
        })
    }
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
