//! What a person sees while waiting, on stderr: a display on a terminal, else a line at most.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use stheno::{
    Event,
    collection::{CollectionEvent, CollectionObserver},
    envelope::ReadAt,
    storage::{TransferEvent, TransferObserver},
};

use crate::say;

const BYTES: &str = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{prefix} {spinner} {bytes} {bytes_per_sec}";
const STEPS: &str = "{spinner} {wide_msg}";
const WAIT: &str = "{spinner} asking again in {left} s; {wide_msg}";
const TICK: Duration = Duration::from_millis(120);

/// A progress display, invisible unless a person is looking.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    visible: bool,
    quiet: bool,
    told: Arc<AtomicBool>,
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
            visible,
            quiet,
            told: Arc::default(),
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
        self.bar.enable_steady_tick(TICK);
    }

    /// Says what is waited for, and counts the seconds down. Who sees no display is told once.
    fn wait(&self, why: &str, pause: Duration, blocks: Option<u64>) {
        let what = match blocks {
            Some(1) => "not final yet, one more block to wait".to_owned(),
            Some(blocks) => format!("not final yet, {blocks} more blocks to wait"),
            None => "the nodes ask to wait".to_owned(),
        };
        if !self.visible && !self.quiet && !self.told.swap(true, Ordering::Relaxed) {
            say::note(&format!("{what}: {why}"));
        }
        let until = Instant::now() + pause;
        let left = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let left = until.saturating_duration_since(Instant::now());
            // The last second counts as one.
            let _ = write!(
                out,
                "{}",
                left.as_secs() + u64::from(left.subsec_nanos() > 0)
            );
        };
        self.bar.set_style(style(WAIT).with_key("left", left));
        self.bar.set_message(format!("{what}: {why}"));
        self.bar.enable_steady_tick(TICK);
    }

    /// Tells what the SDK reports.
    pub fn event(&self, event: &Event) {
        match event {
            Event::Asking {
                nodes, threshold, ..
            } => {
                self.step(format!("asking {nodes} nodes, {threshold} are needed"));
            }
            Event::Waiting { why, pause, blocks } => self.wait(why, *pause, *blocks),
            Event::KeyOpened { .. } => self.show_bytes("decrypting"),
            _ => {}
        }
    }

    /// Shows the bytes of many files, and tells what is left out of them.
    pub fn of_files(&self, doing: &'static str) -> CollectionObserver {
        let display = self.clone();
        Arc::new(move |event| match event {
            CollectionEvent::Begins { bytes, .. } => {
                display.bar.set_position(0);
                display.bar.set_length(*bytes);
                display.show_bytes(doing);
            }
            CollectionEvent::Bytes { bytes } => display.bar.inc(*bytes),
            CollectionEvent::File {
                path,
                size,
                already,
            } => {
                display.bar.set_message(path.to_string());
                if *already && doing == "encrypting" {
                    display.bar.inc(*size);
                }
            }
            CollectionEvent::Skipped { why } if !display.quiet => {
                display
                    .bar
                    .suspend(|| say::note(&format!("skipped: {why}")));
            }
            _ => {}
        })
    }

    /// Shows the bytes of a transfer, and tells what goes wrong on the way.
    pub fn of_transfer(&self, doing: &'static str) -> TransferObserver {
        let display = self.clone();
        let begun = AtomicBool::new(false);
        Arc::new(move |event| {
            let tell = |text: String| {
                if !display.quiet {
                    display.bar.suspend(|| say::note(&text));
                }
            };
            match event {
                TransferEvent::Progress { done, total } => {
                    if !begun.swap(true, Ordering::Relaxed) {
                        display.bar.set_length(*total);
                        // What earlier runs did says nothing of the rate.
                        display.bar.set_position(*done);
                        display.bar.reset_eta();
                        display.show_bytes(doing);
                    }
                    display.bar.set_position(*done);
                }
                TransferEvent::CopyFailed(error) => tell(format!("trying another copy: {error}")),
                TransferEvent::JournalDropped { path, why } => {
                    tell(format!("{}: {why}; looking again", path.display()));
                }
                _ => {}
            }
        })
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
