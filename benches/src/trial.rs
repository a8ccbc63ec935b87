//! One contestant, one problem, one process.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::measure::time;
use crate::peers::{End, Peer};
use crate::scenario::Scenario;

/// What became of a contestant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// How the last request ended; if the budget of any was spent, then that.
    pub end: End,
    /// CPU time of all requests, in seconds.
    pub seconds: f64,
    /// Most heap that was in use beyond what the problem needs when made ready, in bytes.
    pub peak: f64,
    /// Heap that the problem needs when made ready, in bytes.
    pub held: f64,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The limit of CPU time was reached.
    Limit(Duration),
    /// The process ended in some other way: out of memory, or of stack.
    Died(String),
}

/// More than any sound contestant needs; the deep recursion of some peers shall not decide.
const STACK: usize = 1 << 30;
/// More than any sound contestant needs, in bytes.
const MEMORY: u64 = 6 << 30;
/// How many seconds of the clock a child may take for each second of CPU time, on a machine that others use.
const PATIENCE: u32 = 20;
/// The signal that ends a process whose CPU time is spent.
const OUT_OF_TIME: i32 = rustix::process::Signal::XCPU.as_raw();

/// Runs a contestant in a process of its own, which may take so much CPU time for solving.
///
/// # Errors
///
/// How it was stopped, if it did not come to an end.
pub fn judge(
    program: &Path,
    peer: Peer,
    scenario: Scenario,
    limit: Duration,
) -> Result<Trial, Stopped> {
    let arguments = [
        peer.to_string(),
        scenario.to_string(),
        limit.as_secs().to_string(),
    ];
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    // The child limits itself by CPU time; this is for the case that it does nothing at all.
    let step = Duration::from_millis(5);
    let mut patience = (limit * PATIENCE + Duration::from_secs(60)).as_millis() / step.as_millis();
    while child.try_wait().unwrap().is_none() {
        thread::sleep(step);
        patience -= 1;
        if patience == 0 {
            child.kill().unwrap();
        }
    }
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields[..] {
        [end, seconds, peak, held] => Ok(Trial {
            end: end.parse().unwrap(),
            seconds: seconds.parse().unwrap(),
            peak: peak.parse().unwrap(),
            held: held.parse().unwrap(),
        }),
        _ if patience == 0 || output.status.signal() == Some(OUT_OF_TIME) => {
            Err(Stopped::Limit(limit))
        }
        _ => Err(Stopped::Died(output.status.to_string())),
    }
}

/// The other side of [`judge`]: solves what the arguments name and prints what became of it, so often that a profiler sees it if rounds are named. The program's allocator must be
/// [`PeakAlloc`].
pub fn run_as_child(arguments: &[String], allocator: &'static PeakAlloc) {
    let [peer, scenario, seconds, rounds @ ..] = arguments else {
        eprintln!(
            "usage: contestant <peer> <scenario> <seconds> [rounds]; `cargo bench -p benches --bench resolver` runs it"
        );
        std::process::exit(2);
    };
    let peer: Peer = peer.parse().unwrap();
    let scenario: Scenario = scenario.parse().unwrap();
    let seconds: u64 = seconds.parse().unwrap();
    let rounds: usize = rounds.first().map_or(1, |rounds| rounds.parse().unwrap());
    let solve = move || {
        let problem = scenario.problem();
        let without = allocator.current_usage();
        let contestant = peer.prepare(&problem);
        allow(seconds);
        allocator.reset_peak_usage();
        let before = allocator.current_usage();
        let held = before - without;
        let mut end = End::Solved;
        let time = time(|| {
            let requests = 0..problem.requests.len();
            for request in (0..rounds).flat_map(|_| requests.clone()) {
                let this = contestant.run(request);
                if end != End::BudgetSpent {
                    end = this;
                }
            }
        });
        let peak = allocator.peak_usage() - before;
        println!("{end} {} {peak} {held}", time.as_secs_f64());
        // Dropping all that is left would only take time.
        std::process::exit(0);
    };
    thread::Builder::new()
        .stack_size(STACK)
        .spawn(solve)
        .unwrap()
        .join()
        .unwrap();
}

/// Limits what this process may use from now on.
fn allow(seconds: u64) {
    let spent = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
    let limit = |resource, most| {
        let maximum = getrlimit(resource).maximum;
        let current = Some(maximum.map_or(most, |maximum| maximum.min(most)));
        setrlimit(resource, Rlimit { current, maximum }).unwrap();
    };
    limit(Resource::Cpu, u64::try_from(spent).unwrap() + seconds);
    limit(Resource::As, MEMORY);
}
