//! How the story is told: acts with their times, short enough to read along.

use std::time::Duration;

/// Tells the story, on the stream that is not the result's.
#[derive(Clone, Copy, Debug)]
pub struct Narrator {
    on_stdout: bool,
}

/// Columns before the times.
const WIDTH: usize = 68;

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the story"
)]
impl Narrator {
    /// The story is the result.
    pub fn on_stdout() -> Self {
        Self { on_stdout: true }
    }

    /// The result is something else.
    pub fn on_stderr() -> Self {
        Self { on_stdout: false }
    }

    /// Begins an act.
    pub fn act(&self, title: &str) {
        self.line(&format!("\n{title}"));
    }

    /// Tells that something happened, and how long it took.
    pub fn took(&self, what: &str, duration: Duration) {
        self.line(&format!("  {what:<WIDTH$} {:>9}", in_words(duration)));
    }

    /// Tells something.
    pub fn say(&self, what: &str) {
        self.line(&format!("  {what}"));
    }

    fn line(&self, line: &str) {
        if self.on_stdout {
            println!("{line}");
        } else {
            eprintln!("{line}");
        }
    }
}

fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_in_fitting_units() {
        assert_eq!(in_words(Duration::from_micros(4_250)), "4.2 ms");
        assert_eq!(in_words(Duration::from_millis(250)), "250 ms");
        assert_eq!(in_words(Duration::from_millis(2_340)), "2.3 s");
    }
}
