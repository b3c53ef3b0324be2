//! Batches through all cores, in order, in bounded memory.
//!
//! Every worker does all of the work for a batch: it takes the next one from
//! the feed, transforms it while it is in the core's cache, and writes it: when
//! it is its turn, or, where a sink takes bytes anywhere, at once. There is no
//! queue, so memory is two buffers to a worker.

use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Buffer;
use super::feed::{Batch, Feed};
use crate::{EnvelopeError, WriteAt};

/// What all buffers together may take, but for a worker's own two. Half of what
/// a process may take in all; the other half is for a piece's hasher and the rest.
const MEMORY: usize = 32 << 20;

/// Turns a batch of input into output; says how many bytes of output it made.
pub(crate) trait Transform: Sync {
    /// `input` holds the batch, `output` at least as much room as earlier batches took.
    fn batch(
        &self,
        batch: &Batch,
        input: &[u8],
        output: &mut Buffer,
    ) -> Result<usize, EnvelopeError>;
}

/// How many workers fit in memory, with batches of `batch` bytes.
pub(crate) fn workers(asked: Option<NonZeroUsize>, batch: usize) -> usize {
    let cores = || {
        if cfg!(target_family = "wasm") {
            NonZeroUsize::MIN
        } else {
            thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
        }
    };
    let fit = MEMORY / (2 * batch.max(1));
    asked.unwrap_or_else(cores).get().min(fit).max(1)
}

/// Moves everything from `feed` through `transform` into `sink`, and flushes it.
pub(crate) fn run(
    feed: &impl Feed,
    transform: &impl Transform,
    sink: impl Write + Send,
    workers: usize,
) -> Result<(), EnvelopeError> {
    let line = Line {
        turn: Mutex::new(Turn {
            sink,
            next: 0,
            outcome: None,
        }),
        moved: Condvar::new(),
    };
    drive(feed, transform, &line, workers);
    let mut turn = lock(&line.turn);
    turn.outcome.take().unwrap_or(Ok(()))?;
    turn.sink.flush().map_err(EnvelopeError::Write)
}

/// Moves everything from `feed` through `transform` into `sink`, each batch to
/// its place: `start`, and as many times `stride` as there were batches before.
pub(crate) fn run_at(
    feed: &impl Feed,
    transform: &impl Transform,
    sink: &impl WriteAt,
    (start, stride): (u64, u64),
    workers: usize,
) -> Result<(), EnvelopeError> {
    let places = Places {
        sink,
        start,
        stride,
        stopped: AtomicBool::new(false),
        first_fault: Mutex::new(None),
    };
    drive(feed, transform, &places, workers);
    match lock(&places.first_fault).take() {
        Some((_, fault)) => Err(fault),
        None => Ok(()),
    }
}

fn drive(feed: &impl Feed, transform: &impl Transform, outlet: &impl Outlet, workers: usize) {
    let worker = || Worker {
        feed,
        transform,
        outlet,
        input: Buffer::default(),
        output: Buffer::default(),
    };
    thread::scope(|scope| {
        let mut first = worker();
        // A file of one batch needs no threads.
        if first.step() {
            for _ in 1..workers {
                scope.spawn(|| worker().work());
            }
            first.work();
        }
    });
}

/// Where batches go when they are made.
trait Outlet: Sync {
    /// Takes batch `number`, whether it is the last, or its fault; says whether there may be more.
    fn put(&self, number: u64, made: Result<(&[u8], bool), EnvelopeError>) -> bool;

    /// Ends the run: a worker panicked.
    fn abandon(&self);
}

struct Worker<'a, F, T, O: Outlet> {
    feed: &'a F,
    transform: &'a T,
    outlet: &'a O,
    input: Buffer,
    output: Buffer,
}

impl<F: Feed, T: Transform, O: Outlet> Worker<'_, F, T, O> {
    fn work(&mut self) {
        while self.step() {}
    }

    /// Handles one batch; says whether there may be more.
    fn step(&mut self) -> bool {
        let _alarm = Alarm(self.outlet);
        let Some((number, batch)) = self.feed.next(&mut self.input) else {
            return false;
        };
        let made = batch.and_then(|batch| {
            let input = self.input.get(..batch.len).unwrap_or_default();
            let made = self.transform.batch(&batch, input, &mut self.output)?;
            Ok((made, batch.last))
        });
        self.outlet.put(
            number,
            made.map(|(made, last)| (self.output.get(..made).unwrap_or_default(), last)),
        )
    }
}

/// Where the workers wait for their turn to write.
struct Line<W> {
    turn: Mutex<Turn<W>>,
    moved: Condvar,
}

struct Turn<W> {
    sink: W,
    /// The batch that is to be written next.
    next: u64,
    /// Set once: everything is written, or the first fault in the order of the file.
    outcome: Option<Result<(), EnvelopeError>>,
}

impl<W: Write + Send> Outlet for Line<W> {
    /// Writes at the batch's turn.
    fn put(&self, number: u64, made: Result<(&[u8], bool), EnvelopeError>) -> bool {
        let mut turn = self
            .moved
            .wait_while(lock(&self.turn), |turn| {
                turn.outcome.is_none() && turn.next != number
            })
            .unwrap_or_else(PoisonError::into_inner);
        if turn.outcome.is_some() {
            return false;
        }
        let outcome = made.and_then(|(bytes, last)| {
            turn.sink.write_all(bytes).map_err(EnvelopeError::Write)?;
            Ok(last)
        });
        turn.next += 1;
        turn.outcome = match outcome {
            Ok(false) => None,
            Ok(true) => Some(Ok(())),
            Err(fault) => Some(Err(fault)),
        };
        self.moved.notify_all();
        turn.outcome.is_none()
    }

    fn abandon(&self) {
        lock(&self.turn).outcome.get_or_insert(Ok(()));
        self.moved.notify_all();
    }
}

/// A sink in which every batch has its place.
struct Places<'a, S> {
    sink: &'a S,
    start: u64,
    stride: u64,
    /// No batch is begun any more. Batches are given out in order, so those before a fault have all
    /// been begun, and are finished.
    stopped: AtomicBool,
    /// The fault of the first batch in the order of the file that has one.
    first_fault: Mutex<Option<(u64, EnvelopeError)>>,
}

impl<S: WriteAt> Outlet for Places<'_, S> {
    fn put(&self, number: u64, made: Result<(&[u8], bool), EnvelopeError>) -> bool {
        let written = made.and_then(|(bytes, last)| {
            let offset = self.start + number * self.stride;
            let written = self.sink.write_all_at(bytes, offset);
            written.map(|()| last).map_err(EnvelopeError::Write)
        });
        match written {
            Ok(last) => !last && !self.stopped.load(Ordering::Relaxed),
            Err(fault) => {
                let mut first = lock(&self.first_fault);
                if first.as_ref().is_none_or(|(earlier, _)| number < *earlier) {
                    *first = Some((number, fault));
                }
                self.abandon();
                false
            }
        }
    }

    fn abandon(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Stops the run when a worker panics, so that the others do not wait for its turn.
struct Alarm<'a, O: Outlet>(&'a O);

impl<O: Outlet> Drop for Alarm<'_, O> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.abandon();
        }
    }
}

/// Locks; a worker that panicked meanwhile ends the run by its panic, not by the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::feed::{Cut, Stream};
    use super::*;

    /// Adds one to every byte; later batches finish sooner than earlier ones.
    struct AddOne;

    impl Transform for AddOne {
        fn batch(
            &self,
            batch: &Batch,
            input: &[u8],
            output: &mut Buffer,
        ) -> Result<usize, EnvelopeError> {
            if batch.first.is_multiple_of(3) {
                thread::sleep(std::time::Duration::from_micros(300));
            }
            output.clear();
            output.extend(input.iter().map(|byte| byte.wrapping_add(1)));
            Ok(input.len())
        }
    }

    struct FailAt(u64);

    impl Transform for FailAt {
        fn batch(
            &self,
            batch: &Batch,
            input: &[u8],
            output: &mut Buffer,
        ) -> Result<usize, EnvelopeError> {
            if batch.first >= self.0 {
                // The later the batch, the sooner its fault is known.
                let wait = 2000_u64.saturating_sub(batch.first * 100);
                thread::sleep(std::time::Duration::from_micros(wait));
                return Err(EnvelopeError::Chunk { index: batch.first });
            }
            AddOne.batch(batch, input, output)
        }
    }

    struct PanicAt(u64);

    impl Transform for PanicAt {
        fn batch(
            &self,
            batch: &Batch,
            input: &[u8],
            output: &mut Buffer,
        ) -> Result<usize, EnvelopeError> {
            assert!(batch.first != self.0, "as the test wants it");
            AddOne.batch(batch, input, output)
        }
    }

    const BATCH: usize = 300_000;

    fn source() -> Vec<u8> {
        (0..20 * BATCH as u64 + 5)
            .map(|i| i.wrapping_mul(0x9e37_79b9) as u8)
            .collect()
    }

    #[test]
    fn pipeline_keeps_the_order_with_any_number_of_workers() {
        let source = source();
        let expected: Vec<u8> = source.iter().map(|byte| byte.wrapping_add(1)).collect();
        for workers in [1, 2, 3, 8] {
            let feed = Stream::new(source.as_slice(), Cut::new(BATCH));
            let mut sink = Vec::new();
            run(&feed, &AddOne, &mut sink, workers).unwrap();
            assert!(sink == expected, "{workers} workers");
        }
    }

    #[test]
    fn pipeline_reports_the_first_fault_and_writes_all_before_it() {
        let source = source();
        for workers in [1, 4] {
            let feed = Stream::new(source.as_slice(), Cut::new(BATCH));
            let mut sink = Vec::new();
            let result = run(&feed, &FailAt(7), &mut sink, workers);
            assert!(matches!(result, Err(EnvelopeError::Chunk { index: 7 })));
            assert_eq!(sink.len(), 7 * BATCH);
        }
    }

    #[test]
    fn pipeline_puts_every_batch_in_its_place() {
        let source = source();
        let expected: Vec<u8> = source.iter().map(|byte| byte.wrapping_add(1)).collect();
        for workers in [1, 2, 3, 8] {
            let feed = Stream::new(source.as_slice(), Cut::new(BATCH));
            let file = tempfile::NamedTempFile::new().unwrap();
            let place = (7, BATCH as u64);
            run_at(&feed, &AddOne, file.as_file(), place, workers).unwrap();
            let written = std::fs::read(file.path()).unwrap();
            assert!(written[..7] == [0; 7] && written[7..] == expected);
        }
    }

    #[test]
    fn pipeline_reports_the_first_fault_of_batches_in_places() {
        let source = source();
        for workers in [1, 4] {
            let feed = Stream::new(source.as_slice(), Cut::new(BATCH));
            let file = tempfile::NamedTempFile::new().unwrap();
            let place = (0, BATCH as u64);
            let result = run_at(&feed, &FailAt(7), file.as_file(), place, workers);
            assert!(matches!(result, Err(EnvelopeError::Chunk { index: 7 })));
        }
    }

    #[test]
    fn pipeline_passes_a_panic_on_instead_of_waiting_for_ever() {
        let source = source();
        let panicked = std::panic::catch_unwind(|| {
            let feed = Stream::new(source.as_slice(), Cut::new(BATCH));
            run(&feed, &PanicAt(5), std::io::sink(), 4)
        });
        assert!(panicked.is_err());
    }

    #[test]
    fn workers_stay_within_memory() {
        let many = NonZeroUsize::new(1000);
        assert_eq!(workers(many, 256 << 10), 64);
        assert_eq!(workers(many, 16 << 20), 1);
        assert_eq!(workers(many, 64 << 20), 1);
        assert_eq!(workers(NonZeroUsize::new(3), 4096), 3);
    }
}
