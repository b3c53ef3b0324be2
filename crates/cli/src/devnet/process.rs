//! Child processes that do not outlive this one.
//!
//! A devnet is a chain and some nodes, each a real process. Three nets catch
//! them: dropping a [`Process`] kills it; [`Process::stop`] ends it politely;
//! and on Linux the kernel ends it when this process dies without a chance to
//! do either (`kill -9`, a crash, a test harness that exits).
//!
//! The last one needs two things. The wish must be made *in the child*, so a
//! child starts as `stheno tied …` ([`exec_tied`]), which asks and then becomes
//! the real program. And the kernel watches the *thread* that made the child,
//! so all children of a devnet are made by one thread that lives as long as it
//! does: the [`Nursery`].

use std::{
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{lock::Lock, log_tail::log_tail};

/// The hidden subcommand that [`Nursery::spawn`] starts children through.
pub const TIED_COMMAND: &str = "tied";

/// What a child needs to know to start.
#[derive(Debug)]
pub struct Program {
    /// What it is called in errors: `node 3`, `anvil`.
    pub name: String,
    /// The executable.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables set for it, besides those inherited. `STHENO_NODE_*` is not inherited.
    pub env: Vec<(OsString, OsString)>,
    /// Where its stdout and stderr go, appended.
    pub log: PathBuf,
}

impl Program {
    /// A program with no arguments yet.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            args: Vec::new(),
            env: Vec::new(),
            log: log.into(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|a| a.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }
}

/// The thread that makes all children of one devnet.
#[derive(Debug)]
pub struct Nursery {
    requests: mpsc::Sender<(Command, mpsc::Sender<io::Result<Child>>)>,
    stheno: PathBuf,
    lock: Option<Lock>,
}

impl Nursery {
    /// Starts the thread. `stheno` is the executable that knows `tied`; each child holds `lock` too.
    pub fn new(stheno: impl Into<PathBuf>, lock: Option<Lock>) -> io::Result<Self> {
        let (requests, inbox) = mpsc::channel::<(Command, mpsc::Sender<io::Result<Child>>)>();
        thread::Builder::new()
            .name("devnet-nursery".into())
            .spawn(move || {
                for (mut command, reply) in inbox {
                    // A requester that is gone gets no child: dropping one does not end it.
                    if let Err(mpsc::SendError(Ok(mut orphan))) = reply.send(command.spawn()) {
                        drop((orphan.kill(), orphan.wait()));
                    }
                }
            })?;
        Ok(Self {
            requests,
            stheno: stheno.into(),
            lock,
        })
    }

    /// The executable given to [`Nursery::new`].
    pub fn stheno(&self) -> &Path {
        &self.stheno
    }

    /// Starts a child.
    ///
    /// # Errors
    /// When the log cannot be opened or the program cannot be started.
    pub fn spawn(&self, program: &Program) -> io::Result<Process> {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&program.log)?;
        let mut command = self.command(program, log)?;
        own_process_group(&mut command);

        let (reply, answer) = mpsc::channel();
        let gone = || io::Error::other("the devnet's spawning thread has ended");
        self.requests.send((command, reply)).map_err(|_| gone())?;
        let child = answer.recv().map_err(|_| gone())??;
        Ok(Process {
            name: program.name.clone(),
            log: program.log.clone(),
            child,
        })
    }

    fn command(&self, program: &Program, log: File) -> io::Result<Command> {
        let mut command = if cfg!(target_os = "linux") {
            let mut tied = Command::new(&self.stheno);
            tied.arg(TIED_COMMAND)
                .arg(std::process::id().to_string())
                .arg(&program.path);
            tied
        } else {
            Command::new(&program.path)
        };
        without_node_settings(&mut command);
        let stdin = self.lock.as_ref().map_or(Ok(Stdio::null()), Lock::as_stdin);
        command
            .args(&program.args)
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(stdin?)
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }
}

/// Keeps a developer's own node settings (`STHENO_NODE_*`) out of a devnet.
pub fn without_node_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STHENO_NODE_") {
            command.env_remove(name);
        }
    }
}

/// A running child; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// What it is called in errors.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it writes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines that it wrote.
    pub fn log_tail(&self) -> String {
        log_tail(&self.log)
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it at once, as a power cut would (`SIGKILL`), and waits until it is gone.
    pub fn kill(&mut self) {
        // Fails only when it is gone already.
        drop((self.child.kill(), self.child.wait()));
    }

    /// Asks it to end (`SIGTERM`); kills it when it has not after `patience`.
    pub async fn stop(&mut self, patience: Duration) {
        if self.exited().is_some() {
            return; // Reaped: the id may belong to another process by now.
        }
        terminate(&self.child);
        let deadline = Instant::now() + patience;
        while self.exited().is_none() {
            if Instant::now() >= deadline {
                tracing::warn!(process = %self.name, "did not end when asked; killing it");
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Becomes `program`, to be ended by the kernel as soon as process `parent` dies.
///
/// Returns only when that failed.
pub fn exec_tied(parent: u32, program: &OsStr, args: &[OsString]) -> io::Error {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, getppid, set_parent_process_death_signal};

        // SIGTERM: anvil saves its state, a node finishes what it is writing.
        if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
            return error.into();
        }
        // It may have died between our birth and the wish.
        if getppid().map(|pid| pid.as_raw_nonzero().get().unsigned_abs()) != Some(parent) {
            return io::Error::other("the process that started this one has ended");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;

    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        Command::new(program).args(args).exec()
    }
    #[cfg(not(unix))]
    {
        let _ = (program, args);
        io::Error::from(io::ErrorKind::Unsupported)
    }
}

/// A terminal's Ctrl-C goes to a whole process group; the order in which a
/// devnet ends is the devnet's to choose.
fn own_process_group(command: &mut Command) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    #[cfg(not(unix))]
    let _ = command;
}

fn terminate(child: &Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // Fails only when it is gone already; it is not reaped yet, so the id is still its own.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
    #[cfg(not(unix))]
    let _ = child;
}
