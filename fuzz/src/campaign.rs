//! The loop, and what it reports.

use std::{
    collections::BTreeMap,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{
    Target, Verdict,
    memory::peak_during,
    mutation::{Dice, mutate},
};

/// Longest that one execution may take, on a machine that others use, too.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How many inputs are kept for each kind of verdict.
const KEPT_PER_KIND: usize = 4;
/// How many accepted inputs are kept.
const KEPT_ACCEPTED: usize = 64;
/// How many inputs are kept at all.
const KEPT: usize = 1024;

/// A run of one target.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Decides every input.
    pub seed: u64,
    /// Ends the run after so many executions.
    pub executions: u64,
    /// Ends the run after so long.
    pub time: Option<Duration>,
    /// Where an input that breaks a promise is left.
    pub artifacts: PathBuf,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which target.
    pub target: &'static str,
    /// How often it ran.
    pub executions: u64,
    /// How many inputs it accepted.
    pub accepted: u64,
    /// Kinds of refusal, told apart by their words without numbers.
    pub kinds: usize,
    /// Inputs that are known in the end.
    pub known: usize,
    /// Most memory that one execution held, in bytes.
    pub peak: usize,
    /// Longest execution.
    pub slowest: Duration,
    /// How long all of it took.
    pub elapsed: Duration,
}

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which target.
    pub target: &'static str,
    /// Which execution.
    pub execution: u64,
    /// What happened.
    pub what: String,
    /// With which input.
    pub input: Vec<u8>,
    /// Where it was left.
    pub kept: PathBuf,
}

impl Campaign {
    /// Runs `target` until its promises are broken or the limits are reached.
    ///
    /// # Errors
    /// [`Failure`], with the input.
    pub fn run(&self, target: &Target) -> Result<Report, Box<Failure>> {
        let started = Instant::now();
        let mut state = State::new(self, target);
        // Twice: what is made once and kept (tables, parsed types) is no memory of an input.
        let mut known = (target.corpus)();
        for input in &known {
            let _ = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
        }
        for (position, input) in known.clone().iter().enumerate() {
            let verdict = state.execute(input)?;
            if position == 0 && verdict != Verdict::Accepted {
                return Err(state.failure(input, format!("its first input is not: {verdict:?}")));
            }
            state.is_new(&verdict);
        }
        let mut dice = Dice::new(self.seed);
        while state.executions < self.executions
            && self.time.is_none_or(|time| started.elapsed() < time)
        {
            let input = mutate(&mut dice, target.kind, &known, target.longest);
            let verdict = state.execute(&input)?;
            if known.len() < KEPT && state.is_new(&verdict) {
                known.push(input);
            }
        }
        Ok(Report {
            target: target.name,
            executions: state.executions,
            accepted: state.accepted,
            kinds: state.kinds.len(),
            known: known.len(),
            peak: state.peak,
            slowest: state.slowest,
            elapsed: started.elapsed(),
        })
    }

    /// Runs `target` on one input.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn replay(&self, target: &Target, input: &[u8]) -> Result<Verdict, Box<Failure>> {
        let _ = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
        State::new(self, target).execute(input)
    }

    fn keep(&self, target: &Target, input: &[u8]) -> PathBuf {
        let name = hex::encode(Sha256::digest(input));
        let folder = self.artifacts.join(target.name);
        let path = folder.join(name.get(..16).unwrap_or(&name));
        let written = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, input));
        match written {
            Ok(()) => path,
            Err(error) => PathBuf::from(format!("nowhere ({error})")),
        }
    }
}

struct State<'a> {
    campaign: &'a Campaign,
    target: &'a Target,
    watch: Watch,
    executions: u64,
    accepted: u64,
    kinds: BTreeMap<String, usize>,
    peak: usize,
    slowest: Duration,
}

impl<'a> State<'a> {
    fn new(campaign: &'a Campaign, target: &'a Target) -> Self {
        Self {
            campaign,
            target,
            watch: Watch::start(campaign.clone(), *target),
            executions: 0,
            accepted: 0,
            kinds: BTreeMap::new(),
            peak: 0,
            slowest: Duration::ZERO,
        }
    }

    fn execute(&mut self, input: &[u8]) -> Result<Verdict, Box<Failure>> {
        self.executions += 1;
        self.watch.begin(input);
        let started = Instant::now();
        let (outcome, peak) =
            peak_during(|| catch_unwind(AssertUnwindSafe(|| (self.target.run)(input))));
        self.slowest = self.slowest.max(started.elapsed());
        self.peak = self.peak.max(peak);
        let verdict = outcome.map_err(|panic| self.failure(input, words(&*panic)))?;
        let bound = self.target.memory_bound(input.len());
        if peak > bound {
            let what = format!(
                "it held {peak} bytes for an input of {}, {bound} are allowed",
                input.len()
            );
            return Err(self.failure(input, what));
        }
        self.accepted += u64::from(verdict == Verdict::Accepted);
        Ok(verdict)
    }

    /// Whether few inputs came to this verdict yet.
    fn is_new(&mut self, verdict: &Verdict) -> bool {
        let (kind, most) = match verdict {
            Verdict::Accepted => (String::new(), KEPT_ACCEPTED),
            Verdict::Refused(why) => (shape(why), KEPT_PER_KIND),
        };
        let count = self.kinds.entry(kind).or_default();
        *count += 1;
        *count <= most
    }

    fn failure(&self, input: &[u8], what: String) -> Box<Failure> {
        Box::new(Failure {
            target: self.target.name,
            execution: self.executions,
            what,
            input: input.to_vec(),
            kept: self.campaign.keep(self.target, input),
        })
    }
}

/// The words of a refusal without what differs from input to input.
fn shape(why: &str) -> String {
    let mut shape: String = why
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| word.len() > 2 && !word.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .take(8)
        .collect::<Vec<_>>()
        .join(" ");
    shape.truncate(shape.floor_char_boundary(80));
    shape
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "a panic without words".to_owned())
}

/// Ends the process when one execution takes too long, leaving its input behind.
struct Watch {
    current: Arc<Mutex<(Instant, Vec<u8>)>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    fn start(campaign: Campaign, target: Target) -> Self {
        let current = Arc::new(Mutex::new((Instant::now(), Vec::with_capacity(1 << 16))));
        let over = Arc::new(AtomicBool::new(false));
        let (theirs, done) = (Arc::clone(&current), Arc::clone(&over));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                std::thread::park_timeout(Duration::from_secs(1));
                let held = theirs.lock().unwrap_or_else(PoisonError::into_inner);
                if held.0.elapsed() > PATIENCE && !done.load(Ordering::Relaxed) {
                    let kept = campaign.keep(&target, &held.1);
                    #[allow(clippy::print_stderr, reason = "the last words of a process")]
                    {
                        eprintln!(
                            "{}: no end after {PATIENCE:?}; the input is in {}",
                            target.name,
                            kept.display()
                        );
                    }
                    std::process::exit(1);
                }
            }
        });
        Self { current, over }
    }

    fn begin(&self, input: &[u8]) {
        let mut held = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        held.0 = Instant::now();
        held.1.clear();
        held.1.extend_from_slice(input);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<22} {:>11} executions {:>9.1} s  {:>10} accepted {:>4} kinds {:>5} known  {:>7} KiB  slowest {:>7.1} ms",
            self.target,
            self.executions,
            self.elapsed.as_secs_f64(),
            self.accepted,
            self.kinds,
            self.known,
            self.peak.div_ceil(1024),
            self.slowest.as_secs_f64() * 1e3,
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = hex::encode(self.input.get(..200).unwrap_or(&self.input));
        write!(
            f,
            "{}, execution {}: {}\n  {} bytes, in {}\n  {shown}",
            self.target,
            self.execution,
            self.what,
            self.input.len(),
            self.kept.display(),
        )
    }
}
