//! Markdown that is also readable as it stands.

use std::fmt::Write;

use super::{Cell, Row, Section, Unit, number};

/// All sections as Markdown tables with aligned columns.
#[must_use]
pub fn table(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        write!(text, "## {}\n\n", section.title).unwrap();
        let mut lines = vec![head(section)];
        lines.extend(section.rows.iter().map(line));
        write_aligned(&mut text, &lines);
        if !section.note.is_empty() {
            write!(text, "\n{}\n", section.note).unwrap();
        }
        text.push('\n');
    }
    text
}

fn head(section: &Section) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (ours, peers) = section.contestants.split_first().unwrap();
    cells.extend([ours.clone(), "target".to_owned()]);
    cells.extend(peers.iter().cloned());
    cells
}

fn line(row: &Row) -> Vec<String> {
    let (ours, peers) = row.cells.split_first().unwrap();
    let target = row.target.map_or(String::new(), |target| {
        let sign = if row.unit == Unit::Percent {
            "≥"
        } else {
            "≤"
        };
        let mark = if row.is_met() == Some(true) {
            "✓"
        } else {
            "**missed**"
        };
        format!("{sign} {} {mark}", number(target))
    });
    let mut cells = vec![
        format!("{}, {}", row.label, row.unit.name()),
        cell(row.unit, ours, None),
        target,
    ];
    // There is nothing to compare with where ours has no verdict.
    let compared = match ours {
        Cell::Figure(value, _) => Some(*value),
        _ => None,
    };
    cells.extend(peers.iter().map(|peer| cell(row.unit, peer, compared)));
    cells
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
