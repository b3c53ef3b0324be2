//! What a process took.

use std::{fs, thread, time::Duration};

/// The one in the middle.
pub(super) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Reads a process's peak of memory until it has ended. It only grows, so the last one counts.
pub(super) fn watch(process: u32) -> thread::JoinHandle<u64> {
    thread::spawn(move || {
        let mut peak = 0;
        // A process that has ended and is not waited for yet has no memory to report.
        while let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(kib) = line.and_then(|line| line.split_whitespace().next()) else {
                break;
            };
            peak = kib.parse::<u64>().expect("a number") / 1024;
            thread::sleep(Duration::from_millis(5));
        }
        peak
    })
}
