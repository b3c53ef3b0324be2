//! The frame around a key.
//!
//! ```text
//! magic 8 ‖ format u8 ‖ role u8 ‖ kind u8 ‖ statement u8 ‖ version u16 BE ‖ depth u8 ‖ length u64 BE ‖ body
//! ```

use core::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::{
    circuit::{Circuit, Depth, Statement},
    points::PointError,
};

const MAGIC: &[u8; 8] = b"SthenoZK";
const FORMAT: u8 = 1;

/// SHA-256 of a whole key file, by which keys are pinned. Shown as `0x` and hexadecimal digits.
#[derive(Clone, Copy, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a file.
    #[must_use]
    pub fn of(file: &[u8]) -> Self {
        Self(Sha256::digest(file).into())
    }

    /// Takes the 32 bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyHash {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let digits = text.strip_prefix("0x").ok_or(KeyError::HashText)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| KeyError::HashText)?;
        Ok(Self(bytes))
    }
}

/// Where a key's trapdoor went.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It follows from a seed: whoever has the seed proves what is not true.
    Development,
    /// Nobody knows it, unless everybody who took part in the ceremony lied.
    Ceremony,
}

/// Whether keys are taken whose trapdoor somebody knows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Development {
    /// No: the rule.
    #[default]
    Refused,
    /// Yes: for tests, devnets and demonstrations.
    Allowed,
}

/// Which half of a pair of keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Proving,
    Verifying,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Proving => "proving",
            Self::Verifying => "verifying",
        }
    }
}

/// Why a key was not taken.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// The file does not begin as a key file does.
    #[error("not a key file")]
    NotAKey,
    /// The file is of another format than this program writes.
    #[error("key files of format {0} are not known, only {FORMAT} is")]
    Format(u8),
    /// A proving key where a verifying key should be, or the reverse.
    #[error("not a {want} key, but the other half of one")]
    Role {
        /// `proving` or `verifying`.
        want: &'static str,
    },
    /// The header names no circuit of this program.
    #[error("the key is for a circuit that is not known")]
    UnknownCircuit,
    /// The header has a byte that means nothing.
    #[error("the key's kind is not known")]
    UnknownKind,
    /// The file ends too early, or goes on.
    #[error("the key file should have {want} bytes, it has {got}")]
    Length {
        /// What it should have.
        want: u64,
        /// What it has.
        got: u64,
    },
    /// Somebody knows the key's trapdoor.
    #[error(
        "this is a development key, with which false statements can be proven; allow such keys explicitly, on test networks alone"
    )]
    Development,
    /// Not the key that was asked for.
    #[error("the key's hash is {got}, not {want}")]
    Hash {
        /// What was asked for.
        want: KeyHash,
        /// What was found.
        got: KeyHash,
    },
    /// The text is no hash.
    #[error("expected 0x and 64 hexadecimal digits")]
    HashText,
    /// A named element is no valid point.
    #[error("the key's element {name} is bad: {error}")]
    Point {
        /// Which.
        name: &'static str,
        /// What it is instead.
        error: PointError,
    },
    /// The key has elements for another number of public inputs than its circuit.
    #[error("the key is for {got} public inputs, its circuit has {want}")]
    Inputs {
        /// What the circuit has.
        want: u64,
        /// What the key has.
        got: u64,
    },
    /// Two elements are the same, or each other's negative: everybody can make proofs of anything.
    #[error(
        "the key's {one} and {other} are equal up to their sign, so that anybody can forge proofs under it"
    )]
    ProvesAnything {
        /// `beta`, `gamma`, `delta`, or the group's `generator`.
        one: &'static str,
        /// Another of them.
        other: &'static str,
    },
    /// The parts of a proving key contradict each other, or its circuit.
    #[error("the proving key's parts do not fit its circuit or each other")]
    Parts,
}

/// What a frame says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    pub(super) role: Role,
    pub(super) kind: Kind,
    pub(super) circuit: Circuit,
}

pub(super) const HEADER_BYTES: usize = 23;

impl Header {
    /// The file of a body.
    pub(super) fn frame(self, body: &[u8]) -> Vec<u8> {
        let (statement, version) = self.circuit.statement.code();
        let mut file = Vec::with_capacity(HEADER_BYTES + body.len());
        file.extend(MAGIC);
        file.push(FORMAT);
        file.push(match self.role {
            Role::Proving => 1,
            Role::Verifying => 2,
        });
        file.push(match self.kind {
            Kind::Development => 0,
            Kind::Ceremony => 1,
        });
        file.push(statement);
        file.extend(version.to_be_bytes());
        file.push(self.circuit.depth.levels());
        file.extend((body.len() as u64).to_be_bytes());
        file.extend(body);
        file
    }

    /// The header and the body of a file, for which `role` is wanted.
    pub(super) fn parse(
        file: &[u8],
        want: Role,
        development: Development,
    ) -> Result<(Self, &[u8]), KeyError> {
        let (magic, rest) = file.split_first_chunk::<8>().ok_or(KeyError::NotAKey)?;
        if magic != MAGIC {
            return Err(KeyError::NotAKey);
        }
        let short = || KeyError::Length {
            want: HEADER_BYTES as u64,
            got: file.len() as u64,
        };
        let ([format, role, kind, statement], rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (version, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let ([depth], rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (length, body) = rest.split_first_chunk().ok_or_else(short)?;
        if *format != FORMAT {
            return Err(KeyError::Format(*format));
        }
        let role = match role {
            1 => Role::Proving,
            2 => Role::Verifying,
            _ => return Err(KeyError::NotAKey),
        };
        if role != want {
            return Err(KeyError::Role { want: want.name() });
        }
        let kind = match kind {
            0 => Kind::Development,
            1 => Kind::Ceremony,
            _ => return Err(KeyError::UnknownKind),
        };
        let code = (*statement, u16::from_be_bytes(*version));
        let statement = Statement::ALL
            .into_iter()
            .find(|known| known.code() == code);
        let depth = Depth::new(*depth).ok();
        let (Some(statement), Some(depth)) = (statement, depth) else {
            return Err(KeyError::UnknownCircuit);
        };
        is_long(body, u64::from_be_bytes(*length))?;
        if kind == Kind::Development && development == Development::Refused {
            return Err(KeyError::Development);
        }
        let circuit = Circuit::new(statement, depth);
        let header = Self {
            role,
            kind,
            circuit,
        };
        Ok((header, body))
    }
}

/// That a body is as long as it should be.
pub(super) fn is_long(body: &[u8], want: u64) -> Result<(), KeyError> {
    let got = body.len() as u64;
    if got == want {
        return Ok(());
    }
    let header = HEADER_BYTES as u64;
    Err(KeyError::Length {
        want: want.saturating_add(header),
        got: got + header,
    })
}
