//! Solving, and saying why not.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use benches::measure::{Effort, medians};
use benches::peers::{Contestant, End, Ours, Peer, Resolvo, npm_tree};
use benches::report::{Cell, Row, Section, Target, Unit};
use benches::{
    Answer, Backwards, Family, Problem, Scenario, Shape, Sizes, Stopped, Trial, data_folder, judge,
};

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

/// Requests that have no answer, with the explanation in words.
pub(crate) fn impossible(plan: Plan) -> Section {
    let sizes: &[u32] = if plan.is_quick {
        &[50]
    } else {
        &[50, 500, 5_000]
    };
    let mut rows = Vec::new();
    for nodes in sizes {
        let target = (*nodes == 500).then_some(1.5);
        let label = format!("{nodes} mixed, one contradiction");
        rows.extend(compare(
            &label,
            Scenario::Contradiction(*nodes),
            target,
            None,
            plan,
        ));
    }
    rows.extend(compare(
        "every plugin at once",
        Scenario::Everything,
        Some(0.3),
        None,
        plan,
    ));
    section(
        "No answer: the verdict and the explanation in words",
        "The contradiction is far from the roots: two packages need different majors of a third. Every plugin at once: 375 releases of 274 \
         plugins with the core ranges of the public registry. Ours is the fewest requests that clash, and what would help; pubgrub's is its \
         whole derivation, resolvo's its tree of what it tried.",
        rows,
    )
}

/// One request for each package below real plugins.
pub(crate) fn closure(plan: Plan) -> Section {
    let label = "1,105 requests";
    let rows = compare(label, Scenario::Closure, None, None, plan);
    let kind = match data_folder() {
        Some(_) => "npm's own metadata",
        None => "synthetic, with the same proportions",
    };
    let note = format!(
        "All packages below real plugins, 1,105 with 3,480 releases ({kind}); each is resolved on its own, the figure is for all. One \
         version of each package, as in the plugin layer; npm would nest."
    );
    section("A closure of npm", &note, rows)
}

/// Problems that are hard by construction.
pub(crate) fn hard(plan: Plan) -> Section {
    let problems: &[(&str, Family, u32)] = &[
        ("pigeonhole, 8 holes", Family::Pigeonhole, 8),
        ("200 variables, random clauses", Family::Clauses, 200),
        ("parity on a torus of 5 by 5", Family::Parity, 5),
        ("60 layers to one dead end", Family::Chain, 60),
    ];
    let mut rows = Vec::new();
    for (label, family, size) in &problems[..if plan.is_quick { 1 } else { problems.len() }] {
        let scenario = Scenario::Hard(*family, *size);
        rows.extend(compare(label, scenario, Some(1_000.0), None, plan));
    }
    section(
        "Hard by construction",
        "Ours ends within its default budget of steps, with an answer, a proof or a typed failure (it gave up); the target is a second. \
         pubgrub has no budget of its own; it is stopped.",
        rows,
    )
}

/// Confirming an answer that is known.
pub(crate) fn frozen(plan: Plan) -> Section {
    let problem = Scenario::Registry(Shape::Mixed, 500).problem();
    let ours = Ours::new(&problem);
    let answer = ours.answer(0).unwrap();
    let request = benches::peers::request(&problem, &problem.requests[0]);
    let lock = plugin_resolver::resolve(ours.universe(), &request)
        .unwrap()
        .lock();
    let locked = problem.locked(&answer);
    let peers = [
        Peer::Pubgrub.prepare(&locked),
        Peer::Resolvo.prepare(&locked),
    ];
    let request = request.frozen(lock);
    let mut runs: Vec<Box<dyn FnMut() + '_>> = vec![Box::new(|| {
        black_box(plugin_resolver::resolve(ours.universe(), &request).unwrap());
    })];
    for peer in &peers {
        assert_eq!(peer.run(0), End::Solved, "a lock is its own answer");
        runs.push(Box::new(|| {
            peer.run(0);
        }));
    }
    let times = medians(plan.effort, &mut runs);
    Section {
        title: "A lock".to_owned(),
        note: "Confirming that a lock still answers its request. The peers know no locks; they solve a registry of the locked releases alone."
            .to_owned(),
        contestants: ["ours", "pubgrub", "resolvo"].map(str::to_owned).to_vec(),
        ours: 1,
        rows: vec![Row {
            label: "frozen lock of 500 mixed".to_owned(),
            unit: Unit::Milliseconds,
            target: Some(Target::Figure(0.05)),
            cells: times.into_iter().map(|time| Cell::figure(time * 1e3)).collect(),
        }],
    }
}

/// Making metadata ready.
pub(crate) fn metadata(plan: Plan) -> Section {
    let scenario = Scenario::Registry(Shape::Mixed, 500);
    let problem = scenario.problem();
    let releases = f64::from(u32::try_from(problem.releases()).unwrap());
    let peers = [Peer::Ours, Peer::Pubgrub, Peer::Resolvo];
    let program = Path::new(env!("CARGO_BIN_EXE_contestant"));
    let bytes = peers.map(|peer| match judge(program, peer, scenario, plan.limit) {
        Ok(trial) => Cell::figure(trial.held / releases),
        Err(stopped) => Cell::None(format!("{stopped:?}")),
    });
    let mut runs: Vec<Box<dyn FnMut() + '_>> = Vec::new();
    for peer in peers {
        let problem = &problem;
        runs.push(Box::new(move || drop(black_box(peer.prepare(problem)))));
    }
    let times = medians(plan.effort, &mut runs);
    let row = |label: &str, unit, target: Option<f64>, cells| Row {
        label: label.to_owned(),
        unit,
        target: target.map(Target::Figure),
        cells,
    };
    Section {
        title: "Metadata made ready".to_owned(),
        note: "500 packages of 20 releases. Ours reads npm's texts and evaluates every range; the peers are given both. Bytes are those in \
               use afterwards."
            .to_owned(),
        contestants: peers.map(|peer| title_of(peer).to_owned()).to_vec(),
        ours: 1,
        rows: vec![
            row("10,000 releases", Unit::Milliseconds, None, times.into_iter().map(|time| Cell::figure(time * 1e3)).collect()),
            row("a release", Unit::Bytes, Some(70.0), bytes.to_vec()),
        ],
    }
}

/// How often the direct dependencies are as new as any answer has them, in order.
pub(crate) fn newest(plan: Plan) -> Section {
    let registries = if plan.is_quick { 6 } else { 336 };
    let mut best = [0_u32; Peer::ALL.len()];
    for seed in 0..registries {
        let shape = Shape::ALL[1 + usize::from(seed % 2 == 1)];
        let problem = benches::registry(30 + seed % 70, shape, Sizes::Twenty, u64::from(seed));
        let newest = newest_direct(&problem);
        for (peer, best) in Peer::ALL.iter().zip(&mut best) {
            let answer = peer.prepare(&problem).answer(0).unwrap();
            problem.verify(0, &answer).unwrap();
            *best += u32::from(problem.direct(0, &answer) == newest);
        }
    }
    let share = |count: u32| Cell::figure(f64::from(count) / f64::from(registries) * 100.0);
    let rows = vec![Row {
        label: format!("{registries} registries"),
        unit: Unit::Percent,
        target: Some(Target::Figure(100.0)),
        cells: best.into_iter().map(share).collect(),
    }];
    section(
        "The newest direct dependencies, in order",
        "Mixed and hostile registries of 30 to 100 packages. What is best was found by asking resolvo for each newer release of each root, \
         in order.",
        rows,
    )
}

/// The roots' releases in the best answer there is: each as new as the ones before it permit.
fn newest_direct(problem: &Problem) -> Vec<Option<u32>> {
    let oracle = Resolvo::new(problem);
    let mut pins = Vec::new();
    for root in &problem.requests[0] {
        let known = oracle.answer_with(0, &pins).unwrap()[root.target].unwrap();
        let newest = u32::try_from(problem.packages[root.target].releases.len()).unwrap();
        let is_possible = |release: &u32| {
            let with = pins.iter().copied().chain([(root.target, *release)]);
            root.admits(*release) && oracle.answer_with(0, &with.collect::<Vec<_>>()).is_some()
        };
        let best = (known + 1..newest).rev().find(is_possible);
        pins.push((root.target, best.unwrap_or(known)));
    }
    pins.into_iter().map(|(_, release)| Some(release)).collect()
}

/// npm's own resolver, which solves something else.
pub(crate) fn npm(plan: Plan) -> Section {
    let cases = [
        (50, Shape::Calm, Backwards::Never),
        (50, Shape::Mixed, Backwards::Never),
        (50, Shape::Mixed, Backwards::Rarely),
        (500, Shape::Calm, Backwards::Never),
        (500, Shape::Mixed, Backwards::Never),
        (500, Shape::Hostile, Backwards::Never),
    ];
    let cases = &cases[..if plan.is_quick { 1 } else { cases.len() }];
    let rounds = if plan.is_quick { 1 } else { 7 };
    let limit = (plan.limit / 4).max(Duration::from_secs(1));
    let mut rows = Vec::new();
    let mut skipped = None;
    for (nodes, shape, backwards) in cases {
        let mut problem = Scenario::Registry(*shape, *nodes).problem();
        let cycles = match backwards {
            Backwards::Never => {
                problem.drop_backward_needs();
                "without cycles"
            }
            Backwards::Rarely => "with cycles",
        };
        let folder = tempfile::tempdir().unwrap();
        let npm = match npm_tree(&problem, folder.path(), rounds, limit) {
            Ok(None) => Cell::Above(limit.as_secs_f64() * 1e3),
            Ok(Some(tree)) => {
                let remark = format!("{} copies of {}", tree.copies, tree.names);
                Cell::Figure(tree.milliseconds, remark)
            }
            Err(why) => {
                skipped = Some(why);
                Cell::None("SKIPPED".to_owned())
            }
        };
        let ours = Ours::new(&problem);
        let times = medians(
            plan.effort,
            &mut [Box::new(|| {
                black_box(ours.run(0));
            })],
        );
        rows.push(Row {
            label: format!("{nodes} {shape}, {cycles}"),
            unit: Unit::Milliseconds,
            target: None,
            cells: vec![Cell::figure(times[0] * 1e3), npm],
        });
    }
    if let Some(why) = &skipped {
        eprintln!("SKIPPED: npm's own resolver: {why}");
    }
    Section {
        title: "npm's own resolver".to_owned(),
        note: "`buildIdealTree` of the resolver that npm brings along, in a warm process with all documents in memory, CPU time of the \
               process. It solves an easier problem: where two packages need different versions of a third, it nests a copy of each, \
               and so never has to go back; around cycles of packages that want each other in old versions it nests for a very long \
               time (stopped after 5 seconds, the first build after 20). The copies are counted; what the plugin layer shares cannot be nested."
            .to_owned(),
        contestants: vec!["ours".to_owned(), "npm".to_owned()],
        ours: 1,
        rows,
    }
}

fn section(title: &str, note: &str, rows: Vec<Row>) -> Section {
    Section {
        title: title.to_owned(),
        note: note.to_owned(),
        contestants: Peer::ALL
            .iter()
            .map(|peer| title_of(*peer).to_owned())
            .collect(),
        ours: 1,
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
    let row = |label: String, unit, target: Option<f64>, cell: &dyn Fn(&Entry, &Trial) -> Cell| {
        let cells = entries.iter().map(|entry| match &entry.trial {
            Ok(trial) => cell(entry, trial),
            Err(Stopped::Limit(limit)) if unit == Unit::Milliseconds => {
                Cell::Above(limit.as_secs_f64() * 1e3)
            }
            Err(Stopped::Limit(_)) => Cell::None("stopped".to_owned()),
            Err(Stopped::Died(_)) => Cell::None("out of memory".to_owned()),
        });
        Row {
            label,
            unit,
            target: target.map(Target::Figure),
            cells: cells.collect(),
        }
    };
    vec![
        row(
            label.to_owned(),
            Unit::Milliseconds,
            target,
            &|entry, trial| {
                let time = entry.seconds * 1e3;
                if trial.end == End::BudgetSpent {
                    Cell::GaveUp(time)
                } else {
                    Cell::Figure(time, entry.remark.clone())
                }
            },
        ),
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
            .map(|entry| {
                let trial = entry.trial.as_ref().ok()?;
                let contestant = entry.contestant.as_ref();
                let decided = contestant.filter(|_| trial.end != End::BudgetSpent);
                Some(decided?.answer(request))
            })
            .collect();
        let answers: BTreeMap<usize, Option<Answer>> = (0..)
            .zip(answers)
            .filter_map(|(at, answer)| Some((at, answer?)))
            .collect();
        let verdicts = || answers.values().map(Option::is_some);
        assert!(
            verdicts().all(|solved| Some(solved) == verdicts().next()),
            "verdicts on request {request} differ"
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
