//! What is sealed in a backup.

use std::fmt;

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use stheno_crypto::{KeyShare, NodeIndex};
use zeroize::Zeroizing;

/// Most shares of a backup; a vault holds one or two.
const MOST_SHARES: u16 = 64;

/// A node's secrets, and what it takes to set it up again.
pub struct Contents {
    /// The identity key, 32 bytes.
    pub identity: Zeroizing<[u8; 32]>,
    /// The operator whose approvals the node waits for, if one was pinned.
    pub operator: Option<Address>,
    /// Key shares, one for each ceremony that the vault has one of.
    pub shares: Vec<SharePart>,
    /// The configuration file; it may hold access keys of endpoints.
    pub configuration: Zeroizing<String>,
}

/// One key share.
#[derive(Debug)]
pub struct SharePart {
    /// The ceremony that made it.
    pub context: B256,
    /// Its epoch; 0 where that was not known.
    pub epoch: u64,
    /// The share.
    pub key: KeyShare,
}

impl Contents {
    /// The address of the identity key; `None` when it is no key.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        let signer = PrivateKeySigner::from_slice(&*self.identity).ok()?;
        Some(signer.address())
    }

    pub(super) fn encode(&self) -> Zeroizing<Vec<u8>> {
        let shares = u16::try_from(self.shares.len()).unwrap_or(u16::MAX);
        let text = self.configuration.as_bytes();
        // Of the right size from the start: a vector that grows leaves copies of secrets behind.
        let room = 32 + 20 + 2 + self.shares.len() * (32 + 8 + 2 + 32) + 4 + text.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        bytes.extend_from_slice(&*self.identity);
        bytes.extend_from_slice(self.operator.unwrap_or_default().as_slice());
        bytes.extend_from_slice(&shares.to_be_bytes());
        for share in &self.shares {
            bytes.extend_from_slice(share.context.as_slice());
            bytes.extend_from_slice(&share.epoch.to_be_bytes());
            bytes.extend_from_slice(&share.key.index().get().to_be_bytes());
            bytes.extend_from_slice(&*share.key.expose_secret_bytes());
        }
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(text);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (identity, rest) = bytes.split_first_chunk::<32>()?;
        let (operator, rest) = rest.split_first_chunk::<20>()?;
        let (count, mut rest) = rest.split_first_chunk::<2>()?;
        let count = u16::from_be_bytes(*count);
        if count > MOST_SHARES {
            return None;
        }
        let mut shares = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let (share, behind) = share(rest)?;
            shares.push(share);
            rest = behind;
        }
        let (length, text) = rest.split_first_chunk::<4>()?;
        if usize::try_from(u32::from_be_bytes(*length)).ok()? != text.len() {
            return None;
        }
        let operator = Address::from(*operator);
        Some(Self {
            identity: Zeroizing::new(*identity),
            operator: (!operator.is_zero()).then_some(operator),
            shares,
            configuration: Zeroizing::new(String::from_utf8(text.to_vec()).ok()?),
        })
    }
}

fn share(bytes: &[u8]) -> Option<(SharePart, &[u8])> {
    let (context, rest) = bytes.split_first_chunk::<32>()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let (index, rest) = rest.split_first_chunk::<2>()?;
    let (scalar, rest) = rest.split_first_chunk::<32>()?;
    let index = NodeIndex::new(u16::from_be_bytes(*index)).ok()?;
    let share = SharePart {
        context: B256::from(*context),
        epoch: u64::from_be_bytes(*epoch),
        key: KeyShare::from_secret_bytes(index, scalar).ok()?,
    };
    Some((share, rest))
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("identity", &"<redacted>")
            .field("operator", &self.operator)
            .field("shares", &self.shares)
            .field("configuration", &"<redacted>")
            .finish()
    }
}
