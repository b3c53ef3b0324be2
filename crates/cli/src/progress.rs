//! What a person sees while waiting: on a terminal alone, and on stderr.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use stheno::{Event, envelope::ReadAt};

const BYTES: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{prefix} {spinner} {bytes} {bytes_per_sec}";
const STEPS: &str = "{spinner} {wide_msg}";

/// A progress display, invisible unless a person is looking.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A display for a command. `quiet` with `--json`.
    pub fn new(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target = match visible {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        Self {
            bar: ProgressBar::with_draw_target(None, target),
        }
    }

    /// Counts the bytes that are read through it, out of `len`.
    pub fn count(&self, reader: impl Read + Send, len: Option<u64>) -> impl Read + Send {
        match len {
            Some(len) => self.bar.set_length(len),
            None => self.bar.unset_length(),
        }
        self.bar.wrap_read(reader)
    }

    /// Counts the bytes that are read from anywhere in a file, out of `len`.
    pub fn count_at<'a>(&self, file: &'a File, len: u64) -> Counted<'a> {
        self.bar.set_length(len);
        Counted {
            file,
            bar: self.bar.clone(),
        }
    }

    /// Shows the bytes counted so far, and from now on.
    pub fn show_bytes(&self, doing: &'static str) {
        self.bar.disable_steady_tick();
        self.bar.set_style(style(match self.bar.length() {
            Some(_) => BYTES,
            None => UNKNOWN,
        }));
        self.bar.set_prefix(doing);
    }

    /// Says what is being done, without an end in sight.
    pub fn step(&self, doing: impl Into<String>) {
        self.bar.set_style(style(STEPS));
        self.bar.set_message(doing.into());
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    /// Tells what the SDK reports.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Asking {
                nodes, threshold, ..
            } => {
                self.step(format!("asking {nodes} nodes, {threshold} are needed"));
            }
            Event::Waiting { why, pause } => {
                self.step(format!("waiting {} s: {why}", pause.as_secs()));
            }
            Event::KeyOpened { .. } => self.show_bytes("decrypting"),
            _ => {}
        }
    }

    /// Clears the display.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A file whose reads are counted.
#[derive(Debug)]
pub struct Counted<'a> {
    file: &'a File,
    bar: ProgressBar,
}

impl ReadAt for Counted<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = ReadAt::read_at(self.file, buffer, offset)?;
        self.bar.inc(read as u64);
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; should one be wrong, a plain bar does.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
