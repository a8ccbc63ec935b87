//! Bars on a logarithmic scale, as an SVG that follows the reader's light or dark.

use std::fmt::Write;

use super::{Cell, Row, Section, Target, Unit, number};

const WIDTH: f64 = 960.0;
/// Where bars begin and end.
const LEFT: f64 = 250.0;
const RIGHT: f64 = 800.0;
const BAR: f64 = 11.0;
const GAP: f64 = 12.0;
const TOP: f64 = 96.0;

const STYLE: &str = "\
text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}\
.title{font-size:17px;font-weight:600}.note,.tick{fill:#59636e}.section{font-weight:600}.figure{font-size:10px}\
.ground{fill:#ffffff}.grid{stroke:#d1d9e0;stroke-width:1}.target{stroke:#1f2328;stroke-width:2}\
.c0{fill:#0969da}.c1{fill:#8c959f}.c2{fill:#bf8700}.c3{fill:#8250df}.c4{fill:#1a7f37}.c5{fill:#cf222e}.c6{fill:#9a6700}\
.c7{fill:#1b7c83}.c8{fill:#bf3989}.c9{fill:#953800}.c10{fill:#6639ba}.c11{fill:#4d2d00}.c12{fill:#24292f}.stopped{fill-opacity:.45}\
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.note,.tick{fill:#9198a1}.ground{fill:#0d1117}\
.grid{stroke:#3d444d}.target{stroke:#f0f6fc}\
.c0{fill:#4493f8}.c1{fill:#656c76}.c2{fill:#d29922}.c3{fill:#ab7df8}.c4{fill:#3fb950}.c5{fill:#f85149}.c6{fill:#e3b341}\
.c7{fill:#39c5cf}.c8{fill:#f778ba}.c9{fill:#f0883e}.c10{fill:#d2a8ff}.c11{fill:#ffdfb6}.c12{fill:#c9d1d9}}";

/// Every figure in milliseconds, in groups of bars; a line across a group is its target.
#[must_use]
pub fn plot(title: &str, sections: &[Section]) -> String {
    let shown: Vec<Section> = sections.iter().filter_map(shown).collect();
    let scale = Scale::over(&shown);
    let mut names: Vec<&str> = Vec::new();
    for name in shown.iter().flat_map(|section| &section.contestants) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let mut body = String::new();
    let mut key = String::new();
    let top = TOP + legend(&mut key, &names);
    let mut y = top;
    for section in &shown {
        text(&mut body, "section", 16.0, y + 8.0, &section.title);
        y += 22.0;
        for row in &section.rows {
            let bars: Vec<(usize, &Cell)> = section
                .contestants
                .iter()
                .zip(&row.cells)
                .filter(|(_, cell)| cell.value().is_some())
                .map(|(name, cell)| (names.iter().position(|n| n == name).unwrap(), cell))
                .collect();
            group(&mut body, &scale, row, &bars, y);
            y += BAR * count(bars.len()) + GAP;
        }
        y += GAP;
    }
    let height = y + 8.0;
    let mut svg = String::new();
    write!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}"><style>{STYLE}</style><rect class="ground" width="{WIDTH}" height="{height}"/>"#,
        escaped(title)
    )
    .unwrap();
    text(&mut svg, "title", 16.0, 28.0, title);
    text(
        &mut svg,
        "note",
        525.0,
        28.0,
        "shorter is better; a line across is our target; pale: no verdict by then",
    );
    svg.push_str(&key);
    for (value, label) in scale.ticks() {
        let x = scale.x(value);
        write!(
            svg,
            r#"<line class="grid" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{:.1}"/>"#,
            top - 8.0,
            height - 8.0
        )
        .unwrap();
        anchored(&mut svg, "tick", x, top - 14.0, &label);
    }
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    svg
}

/// What of a section can be drawn.
fn shown(section: &Section) -> Option<Section> {
    let is_shown = |row: &&Row| row.unit == Unit::Milliseconds;
    let rows: Vec<Row> = section.rows.iter().filter(is_shown).cloned().collect();
    (!rows.is_empty()).then(|| Section {
        rows,
        ..section.clone()
    })
}

/// Where the line across a row's bars is.
fn line_at(row: &Row) -> Option<f64> {
    match row.target? {
        Target::Figure(figure) => Some(figure),
        Target::OfPeer(_) => None,
    }
}

fn group(svg: &mut String, scale: &Scale, row: &Row, bars: &[(usize, &Cell)], top: f64) {
    let height = BAR * count(bars.len());
    let middle = top + height / 2.0 + 4.0;
    write!(
        svg,
        r#"<text x="{}" y="{middle:.1}" text-anchor="end">{}</text>"#,
        LEFT - 10.0,
        escaped(&row.label)
    )
    .unwrap();
    for ((color, cell), place) in bars.iter().zip(0..) {
        let y = top + BAR * f64::from(place);
        let value = cell.value().unwrap();
        let end = scale.x(value);
        let (pale, sign) = match cell {
            Cell::Above(_) => (" stopped", "> "),
            Cell::GaveUp(_) => (" stopped", "gave up at "),
            _ => ("", ""),
        };
        let width = (end - LEFT).max(1.0);
        write!(
            svg,
            r#"<rect class="c{color}{pale}" x="{LEFT}" y="{y:.1}" width="{width:.1}" height="{}" rx="1.5"/>"#,
            BAR - 2.0
        )
        .unwrap();
        text(
            svg,
            "figure",
            end + 5.0,
            y + BAR - 3.0,
            &format!("{sign}{}", number(value)),
        );
    }
    if let Some(target) = line_at(row) {
        let x = scale.x(target);
        write!(
            svg,
            r#"<line class="target" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{:.1}"/>"#,
            top - 3.0,
            top + height + 1.0
        )
        .unwrap();
    }
}

/// In as many lines as it takes; says how much that is beyond one.
fn legend(svg: &mut String, names: &[&str]) -> f64 {
    let (mut x, mut down) = (16.0, 0.0);
    for (color, name) in names.iter().enumerate() {
        let width = 42.0 + 7.0 * count(name.chars().count());
        if x + width > WIDTH {
            (x, down) = (16.0, down + 18.0);
        }
        let y = 44.0 + down;
        write!(
            svg,
            r#"<rect class="c{color}" x="{x:.1}" y="{y}" width="12" height="12" rx="2"/>"#
        )
        .unwrap();
        text(svg, "", x + 18.0, y + 10.0, name);
        x += width;
    }
    down
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    write!(
        svg,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#,
        escaped(words)
    )
    .unwrap();
}

fn anchored(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    write!(
        svg,
        r#"<text class="{class}" x="{x:.1}" y="{y:.1}" text-anchor="middle">{}</text>"#,
        escaped(words)
    )
    .unwrap();
}

fn escaped(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// Powers of ten.
struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    fn over(sections: &[Section]) -> Self {
        let rows = sections.iter().flat_map(|section| &section.rows);
        let values =
            rows.flat_map(|row| row.cells.iter().filter_map(Cell::value).chain(line_at(row)));
        let exponents = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) = exponents.fold((0.0_f64, 1.0_f64), |(low, high), exponent| {
            (low.min(exponent), high.max(exponent))
        });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "exponents of ten are small"
        )]
        Self {
            low: low.floor() as i32,
            high: high.ceil() as i32,
        }
    }

    fn x(&self, value: f64) -> f64 {
        let place = (value.log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        LEFT + place.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let ticks = self.low..=self.high;
        ticks
            .map(|exponent| {
                let value = 10.0_f64.powi(exponent);
                let decimals = usize::try_from(-exponent).unwrap_or(0);
                (value, format!("{value:.decimals$}"))
            })
            .collect()
    }
}
