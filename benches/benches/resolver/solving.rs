//! Solving, and saying why not.

use std::collections::BTreeMap;
use std::path::Path;

use benches::measure::{Effort, medians};
use benches::peers::{Contestant, Peer};
use benches::report::{Cell, Row, Section, Unit};
use benches::{Answer, Problem, Scenario, Shape, Stopped, Trial, judge};

use crate::Plan;

/// A child that takes longer than this is not run again, in seconds.
const LONG: f64 = 2.0;

/// Registries that look like npm's, of three sizes and three shapes.
pub(crate) fn registries(plan: Plan) -> Section {
    let sizes: &[u32] = if plan.is_quick {
        &[50, 500]
    } else {
        &[50, 500, 5_000]
    };
    let mut rows = Vec::new();
    for nodes in sizes {
        for shape in Shape::ALL {
            let target = match (shape, nodes) {
                (Shape::Calm, 500) => Some(0.10),
                (Shape::Mixed, 500) => Some(3.5),
                _ => None,
            };
            let heap = (shape == Shape::Mixed && *nodes == 500).then_some(1024.0);
            let scenario = Scenario::Registry(shape, *nodes);
            rows.extend(compare(
                &format!("{nodes} {shape}"),
                scenario,
                target,
                heap,
                plan,
            ));
        }
    }
    section(
        "One resolution of a synthetic registry",
        "20 versions a package; fan-out, kinds of ranges and cycles as npm has them. Calm: the newest of everything fits; mixed: one \
         package in five must be held back; hostile: what fits was planted anywhere. `behind`: direct dependencies, in order, are older \
         than another contestant's. Heap is the most that is in use while solving, beyond the metadata.",
        rows,
    )
}

fn section(title: &str, note: &str, rows: Vec<Row>) -> Section {
    Section {
        title: title.to_owned(),
        note: note.to_owned(),
        contestants: Peer::ALL
            .iter()
            .map(|peer| title_of(*peer).to_owned())
            .collect(),
        rows,
    }
}

fn title_of(peer: Peer) -> &'static str {
    match peer {
        Peer::Ours => "ours",
        Peer::OursComplete => "ours, solver alone",
        Peer::Pubgrub => "pubgrub",
        Peer::Resolvo => "resolvo",
    }
}

/// The figures of one contestant as they come in.
struct Entry {
    trial: Result<Trial, Stopped>,
    contestant: Option<Box<dyn Contestant>>,
    remark: String,
    seconds: f64,
}

/// Time and heap of all contestants on one problem. Each first runs in a process of its own; those that come to an end soon then run in
/// turns in this one, when their answers were verified.
fn compare(
    label: &str,
    scenario: Scenario,
    target: Option<f64>,
    heap: Option<f64>,
    plan: Plan,
) -> Vec<Row> {
    let problem = scenario.problem();
    let mut entries: Vec<Entry> = Peer::ALL
        .iter()
        .map(|peer| {
            let program = Path::new(env!("CARGO_BIN_EXE_contestant"));
            let trial = judge(program, *peer, scenario, plan.limit);
            let seconds = trial.as_ref().map_or(f64::INFINITY, |trial| trial.seconds);
            Entry {
                contestant: (seconds < LONG).then(|| peer.prepare(&problem)),
                remark: String::new(),
                trial,
                seconds,
            }
        })
        .collect();
    check(&problem, &mut entries);
    if plan.effort != Effort::Once {
        let mut measured: Vec<&mut Entry> = entries
            .iter_mut()
            .filter(|entry| entry.contestant.is_some())
            .collect();
        let requests = problem.requests.len();
        let mut runs: Vec<Box<dyn FnMut() + '_>> = Vec::new();
        for entry in &measured {
            let contestant = entry.contestant.as_ref().unwrap();
            runs.push(Box::new(move || {
                for request in 0..requests {
                    contestant.run(request);
                }
            }));
        }
        let times = medians(plan.effort, &mut runs);
        drop(runs);
        for (entry, seconds) in measured.iter_mut().zip(times) {
            entry.seconds = seconds;
        }
    }
    rows(label, target, heap, &entries)
}

fn rows(label: &str, target: Option<f64>, heap: Option<f64>, entries: &[Entry]) -> Vec<Row> {
    let row = |label: String, unit, target, cell: &dyn Fn(&Entry, &Trial) -> Cell| {
        let cells = entries.iter().map(|entry| match &entry.trial {
            Ok(trial) => cell(entry, trial),
            Err(Stopped::Limit(limit)) if unit == Unit::Milliseconds => {
                Cell::Above(limit.as_secs_f64() * 1e3)
            }
            Err(Stopped::Limit(_)) => Cell::None("stopped".to_owned()),
            Err(Stopped::Died(how)) => Cell::None(how.clone()),
        });
        Row {
            label,
            unit,
            target,
            cells: cells.collect(),
        }
    };
    vec![
        row(label.to_owned(), Unit::Milliseconds, target, &|entry, _| {
            Cell::Figure(entry.seconds * 1e3, entry.remark.clone())
        }),
        row(
            format!("{label}, heap"),
            Unit::Kibibytes,
            heap,
            &|_, trial| Cell::figure(trial.peak / 1024.0),
        ),
    ]
}

/// Right first, then fast: every answer is verified, all verdicts must agree, and who is behind another is marked.
fn check(problem: &Problem, entries: &mut [Entry]) {
    for request in 0..problem.requests.len() {
        let answers: Vec<Option<Option<Answer>>> = entries
            .iter()
            .map(|entry| Some(entry.contestant.as_ref()?.answer(request)))
            .collect();
        let answers: BTreeMap<usize, Option<Answer>> = (0..)
            .zip(answers)
            .filter_map(|(at, answer)| Some((at, answer?)))
            .collect();
        let verdicts = || answers.values().map(Option::is_some);
        assert!(
            verdicts().all(|solved| Some(solved) == verdicts().next()),
            "verdicts differ"
        );
        for answer in answers.values().flatten() {
            problem.verify(request, answer).unwrap();
        }
        let directs = answers
            .iter()
            .filter_map(|(at, answer)| Some((*at, problem.direct(request, answer.as_ref()?))));
        let directs: BTreeMap<usize, _> = directs.collect();
        let best = directs.values().max().cloned();
        for (at, direct) in directs {
            if Some(direct) != best {
                entries[at].remark = "behind".to_owned();
            }
        }
    }
}
