//! What can keep a devnet from starting, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use super::{anvil::ANVIL_VARIABLE, process::Process};

/// Why a devnet does not start or does not go on.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// No anvil anywhere.
    #[error("anvil is not installed")]
    NoAnvil,
    /// The variable that names anvil names something else.
    #[error("{ANVIL_VARIABLE} names {}, which is not a file", path.display())]
    AnvilVariable {
        /// What it names.
        path: PathBuf,
    },
    /// Ports of the wished block are in use.
    #[error("cannot listen on {}", list(busy))]
    PortsTaken {
        /// Which, and what they were for.
        busy: Vec<BusyPort>,
    },
    /// The block of ports passes 65535.
    #[error("there are not {nodes} ports after {base}")]
    PortOutOfRange {
        /// The first port.
        base: u16,
        /// How many more are needed.
        nodes: u16,
    },
    /// A committee of this shape is not allowed.
    #[error("a committee of {nodes} nodes cannot have threshold {threshold}")]
    Shape {
        /// How many nodes.
        nodes: u16,
        /// The wished threshold.
        threshold: u16,
    },
    /// The state directory was made with other options.
    #[error("{} holds a devnet {kept}, not {wished}", dir.display())]
    OtherState {
        /// The state directory.
        dir: PathBuf,
        /// What it holds, in words.
        kept: String,
        /// What was asked for, in words.
        wished: String,
    },
    /// Another devnet has the state directory.
    #[error("a devnet runs in {}{}", dir.display(), match pid {
        Some(pid) => format!(", process {pid}"),
        None => "; its processes have not ended although it has".to_owned(),
    })]
    StateInUse {
        /// The state directory.
        dir: PathBuf,
        /// The devnet's process, if it is known.
        pid: Option<u32>,
    },
    /// A devnet was begun there, and ended before its chain, with the key on it, was written.
    #[error("{} holds a devnet that ended before it was ready", dir.display())]
    Unfinished {
        /// The state directory.
        dir: PathBuf,
    },
    /// The chain that was kept is older than what its nodes have seen as final.
    #[error(
        "the chain in {} was last written before block {last} and went back to block {head}, as after a power cut", dir.display()
    )]
    WentBack {
        /// The state directory.
        dir: PathBuf,
        /// The newest block that is kept.
        head: u64,
        /// A block that nodes have seen as final.
        last: u64,
    },
    /// The directory holds something else, or a devnet's files are damaged.
    #[error("{} cannot keep a devnet: {why}", dir.display())]
    NotAState {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file, directory or process could not be had.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's word.
        source: io::Error,
    },
    /// The chain refused or did not answer.
    #[error("cannot {what}: {message}")]
    Chain {
        /// What was tried.
        what: String,
        /// The chain's word.
        message: String,
    },
    /// A process ended by itself.
    #[error("{name} ended by itself ({status}); the end of its log:\n{log}")]
    Ended {
        /// Which one.
        name: String,
        /// How.
        status: ExitStatus,
        /// Its last lines.
        log: String,
    },
    /// Something did not happen in time.
    #[error("{what} took longer than {} s; {detail}", waited.as_secs())]
    TooLong {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// How far it got, and the log of who was slow.
        detail: String,
    },
    /// The ceremony closed without a key.
    #[error("the key ceremony failed; {detail}")]
    CeremonyFailed {
        /// The logs.
        detail: String,
    },
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("port {port} for {} ({source})", match node {
    0 => "the chain".to_owned(),
    node => format!("node {node}"),
})]
pub struct BusyPort {
    /// Whose it should be: 0 is the chain.
    pub node: u16,
    /// The port.
    pub port: u16,
    /// The system's word.
    pub source: io::Error,
}

fn list(busy: &[BusyPort]) -> String {
    let words: Vec<String> = busy.iter().map(ToString::to_string).collect();
    words.join(", ")
}

impl DevnetError {
    /// An I/O error with its errand.
    pub(super) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// A file that could not be written.
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        Self::io(format!("write {}", path.display()), source)
    }

    /// An error of the chain with its errand.
    pub(super) fn chain(what: impl Into<String>, error: impl std::fmt::Display) -> Self {
        Self::Chain {
            what: what.into(),
            message: error.to_string(),
        }
    }

    /// `process` ended although nobody asked it to.
    pub(super) fn ended(process: &Process, status: ExitStatus) -> Self {
        Self::Ended {
            name: process.name().to_owned(),
            status,
            log: process.log_tail(),
        }
    }

    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAnvil | Self::AnvilVariable { .. } => "devnet_anvil",
            Self::PortsTaken { .. } | Self::PortOutOfRange { .. } => "devnet_ports",
            Self::Shape { .. } => "devnet_shape",
            Self::OtherState { .. }
            | Self::StateInUse { .. }
            | Self::Unfinished { .. }
            | Self::WentBack { .. }
            | Self::NotAState { .. } => "devnet_state",
            Self::Io { .. }
            | Self::Chain { .. }
            | Self::Ended { .. }
            | Self::TooLong { .. }
            | Self::CeremonyFailed { .. } => "devnet_failed",
        }
    }

    /// What the developer can do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoAnvil => Some(format!(
                "run `npm ci` in the checkout's contracts folder, or name an anvil 1.7 executable in {ANVIL_VARIABLE}"
            )),
            Self::AnvilVariable { .. } => Some(format!(
                "point {ANVIL_VARIABLE} at the anvil executable, or unset it"
            )),
            Self::PortsTaken { .. } | Self::PortOutOfRange { .. } => {
                Some("choose another base with --ports, or --ports 0 for free ones".into())
            }
            Self::Shape { nodes, .. } => Some(format!(
                "with {nodes} nodes a threshold from {} to {nodes} is allowed",
                nodes / 2 + 1
            )),
            Self::OtherState { .. } => Some(
                "give the same --nodes, --threshold, --ports and --finality, or another directory"
                    .into(),
            ),
            Self::StateInUse { .. } => {
                Some("use that one, stop it, or give another --state".into())
            }
            Self::WentBack { dir, .. } => Some(format!(
                "its nodes rightly refuse a chain whose final blocks change: remove {} and start again",
                dir.display()
            )),
            Self::Unfinished { dir } => Some(format!(
                "there is no key to go on with: remove {} and start again",
                dir.display()
            )),
            Self::NotAState { .. } => {
                Some("give a directory that is empty or does not exist yet".into())
            }
            Self::Io { .. }
            | Self::Chain { .. }
            | Self::Ended { .. }
            | Self::TooLong { .. }
            | Self::CeremonyFailed { .. } => None,
        }
    }
}
