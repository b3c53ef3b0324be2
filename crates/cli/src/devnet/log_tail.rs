//! The end of a log file, for errors.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// How many lines an error shows.
const LINES: usize = 15;
/// How far back to look for them.
const WINDOW: u64 = 16 * 1024;

/// The last lines of `log`, or a word about why there are none.
pub fn log_tail(log: &Path) -> String {
    match read_end(log) {
        Ok(end) if end.trim().is_empty() => "(its log is empty)".into(),
        Ok(end) => {
            let lines: Vec<&str> = end.lines().collect();
            let skip = lines.len().saturating_sub(LINES);
            let shown: Vec<&str> = lines.into_iter().skip(skip).collect();
            shown.join("\n")
        }
        Err(error) => format!("(its log cannot be read: {error})"),
    }
}

fn read_end(log: &Path) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
    let mut end = Vec::new();
    file.take(WINDOW).read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_tail_shows_the_last_lines_of_a_long_log() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let text: String = (0..10_000).map(|i| format!("line {i}\n")).collect();
        std::fs::write(log.path(), text).unwrap();
        let tail = log_tail(log.path());
        assert_eq!(tail.lines().count(), LINES);
        assert_eq!(tail.lines().last(), Some("line 9999"));
    }

    #[test]
    fn log_tail_says_so_when_there_is_nothing() {
        let log = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(log_tail(log.path()), "(its log is empty)");
        assert!(log_tail(Path::new("/nowhere/at/all")).contains("cannot be read"));
    }
}
