//! How far something long is, how fast, and how long it will still take.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::output::{Output, Watch};

/// What is counted while something long is done.
#[derive(Clone, Debug)]
pub(crate) struct Tally(Arc<Mutex<Far>>);

#[derive(Clone, Debug)]
struct Far {
    what: &'static str,
    /// How many of them.
    count: u64,
    /// Which part of all is done, in any unit.
    done: u64,
    of: u64,
    began: Instant,
}

impl Tally {
    /// Shows it on standard error, from its second second on, as long as the watch lives.
    pub(crate) fn shown(output: &Output) -> (Self, Watch) {
        let tally = Self(Arc::new(Mutex::new(Far {
            what: "",
            count: 0,
            done: 0,
            of: 0,
            began: now(),
        })));
        let shown = tally.clone();
        let watch = output.watch_always(move || {
            let far = shown.far().clone();
            words(far.what, far.count, (far.done, far.of), since(far.began))
        });
        (tally, watch)
    }

    /// `count` of `what`, which is `done` of all. Something new begins anew.
    pub(crate) fn tell(&self, what: &'static str, count: u64, done: u64, of: u64) {
        let mut far = self.far();
        if far.what != what {
            far.began = now();
        }
        (far.what, far.count, far.done, far.of) = (what, count, done, of);
    }

    fn far(&self) -> std::sync::MutexGuard<'_, Far> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "progress is measured")]
fn now() -> Instant {
    Instant::now()
}

fn since(began: Instant) -> Duration {
    now().saturating_duration_since(began)
}

/// `1,200,000 events, 400,000/s, 2 s left`.
#[expect(clippy::cast_precision_loss, reason = "for people")]
#[expect(clippy::cast_possible_truncation, reason = "for people")]
#[expect(clippy::cast_sign_loss, reason = "nothing is negative")]
fn words(what: &str, count: u64, (done, of): (u64, u64), elapsed: Duration) -> String {
    if count == 0 || done == 0 {
        return format!("{what} ..");
    }
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = grouped((count as f64 / seconds) as u64);
    let mut text = format!("{} {what}, {rate}/s", grouped(count));
    if of > done {
        let left = seconds * (of - done) as f64 / done as f64;
        let (number, unit) = match left {
            left if left < 90.0 => (left, "s"),
            left if left < 5400.0 => (left / 60.0, "min"),
            left => (left / 3600.0, "h"),
        };
        text.push_str(&format!(", {} {unit} left", number.ceil() as u64));
    }
    text
}

/// A number with a comma before each three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{grouped, words};

    #[test]
    fn rate_and_rest_are_said_when_they_are_known() {
        let of = |count, far, seconds| words("events", count, far, Duration::from_secs(seconds));
        assert_eq!(of(0, (0, 1), 1), "events ..");
        assert_eq!(
            of(1_200_000, (600, 900), 4),
            "1,200,000 events, 300,000/s, 2 s left"
        );
        assert_eq!(of(10, (1, 1_000), 10), "10 events, 1/s, 3 h left");
        assert_eq!(of(60, (60, 600), 60), "60 events, 1/s, 9 min left");
        assert_eq!(of(5, (5, 5), 1), "5 events, 5/s");
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
