//! Markdown that is also readable as it stands.

use std::fmt::Write;

use super::{Cell, Row, Section, Target, Unit, number};

/// All sections as Markdown tables with aligned columns.
#[must_use]
pub fn table(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        write!(text, "## {}\n\n", section.title).unwrap();
        let mut lines = vec![head(section)];
        lines.extend(section.rows.iter().map(|row| line(section, row)));
        write_aligned(&mut text, &lines);
        if !section.note.is_empty() {
            write!(text, "\n{}\n", section.note).unwrap();
        }
        text.push('\n');
    }
    text
}

fn head(section: &Section) -> Vec<String> {
    let (ours, peers) = section.contestants.split_at(section.ours);
    let target = ["target".to_owned()];
    [&[String::new()], ours, &target, peers].concat()
}

fn line(section: &Section, row: &Row) -> Vec<String> {
    let (ours, peers) = row.cells.split_at(section.ours);
    let mut cells = vec![format!("{}, {}", row.label, row.unit.name())];
    cells.extend(ours.iter().map(|ours| cell(row.unit, ours, None)));
    cells.push(target(section, row));
    // There is nothing to compare with where ours has no verdict.
    let compared = match &ours[0] {
        Cell::Figure(value, _) => Some(*value),
        _ => None,
    };
    cells.extend(peers.iter().map(|peer| cell(row.unit, peer, compared)));
    cells
}

fn target(section: &Section, row: &Row) -> String {
    let Some(target) = row.target else {
        return String::new();
    };
    let what = match target {
        Target::Figure(figure) if row.unit.rises() => format!("≥ {}", number(figure)),
        Target::Figure(figure) => format!("≤ {}", number(figure)),
        Target::OfPeer(times) if times < 1.0 => {
            format!("≤ 1/{} of the peer's", number(1.0 / times))
        }
        Target::OfPeer(times) if row.unit.rises() => format!("≥ the peer's / {}", number(times)),
        Target::OfPeer(times) => format!("≤ the peer's × {}", number(times)),
    };
    let mark = match section.is_met(row) {
        Some(true) => " ✓",
        Some(false) => " **missed**",
        None => "",
    };
    format!("{what}{mark}")
}

/// The figure, and in brackets how many times ours it is.
fn cell(unit: Unit, cell: &Cell, ours: Option<f64>) -> String {
    let times = |value: f64| match ours {
        Some(ours) if unit != Unit::Percent && ours > 0.0 => {
            format!(" ({}×)", number(value / ours))
        }
        _ => String::new(),
    };
    match cell {
        Cell::Figure(value, remark) => {
            let space = if remark.is_empty() { "" } else { ", " };
            format!("{}{}{space}{remark}", number(*value), times(*value))
        }
        Cell::GaveUp(value) => format!("gave up at {}", number(*value)),
        Cell::Above(value) => format!("> {}{}", number(*value), times(*value).replace('(', "(> ")),
        Cell::None(why) => why.clone(),
    }
}

fn write_aligned(text: &mut String, lines: &[Vec<String>]) {
    let columns = lines[0].len();
    let width = |column: usize| {
        let widths = lines.iter().map(|cells| cells[column].chars().count());
        widths.max().unwrap_or(0).max(3)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for (at, cells) in lines.iter().enumerate() {
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            if column == 0 {
                write!(text, "| {cell:<width$} |").unwrap();
            } else {
                write!(text, " {cell:>width$} |").unwrap();
            }
        }
        text.push('\n');
        if at == 0 {
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width + usize::from(column == 0));
                let bars = if column == 0 {
                    format!("|{dashes}-|")
                } else {
                    format!("{dashes}-:|")
                };
                text.push_str(&bars);
            }
            text.push('\n');
        }
    }
}
