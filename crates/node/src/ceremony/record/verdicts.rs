//! What everybody can see of the dealings: all of them checked together, when there can be no more.

use std::{collections::BTreeMap, fmt};

use stheno_crypto::{
    NodeIndex,
    dkg::{self, CeremonyContext, DealingError, Posted, VerifiedDealing},
};
use zeroize::Zeroizing;

use super::Record;

/// By dealer the dealing, or what everybody can see to be wrong with it.
pub type Verdicts = BTreeMap<u16, Result<VerifiedDealing, DealingError>>;

/// 32 random bytes of an observer's own: the weights with which it adds dealings up to check them
/// together. No dealer may know them, or it could deal wrongly so that a sum comes out.
pub struct WeightsSeed(Zeroizing<[u8; 32]>);

impl WeightsSeed {
    /// These bytes, which nobody else knows.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// From the operating system.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(bytes))
    }

    pub(in super::super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for WeightsSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeightsSeed(<redacted>)")
    }
}

impl Record {
    /// The dealings that are on the chain, each with a verdict. Ask when the phase Deal is over:
    /// the first to ask pays for all, and a further dealing makes the answer stale.
    #[must_use]
    pub fn verdicts(&self) -> &Verdicts {
        self.verdicts.get_or_init(|| self.judge())
    }

    fn judge(&self) -> Verdicts {
        let Some(context) = self.context else {
            return Verdicts::new();
        };
        let mut verdicts = Verdicts::new();
        let mut posted = Vec::new();
        for (dealer, dealing) in &self.dealings {
            match self.who_dealt(*dealer, &dealing.bytes) {
                Ok(dealing) => posted.push(dealing),
                Err(error) => {
                    verdicts.insert(*dealer, Err(error));
                }
            }
        }
        let judged = dkg::verify_all(
            &CeremonyContext::from_bytes(context.0),
            self.terms.as_ref().map_or(0, |terms| terms.threshold),
            self.members.len(),
            &posted,
            self.setting.weights_seed.as_bytes(),
        );
        verdicts.extend(posted.iter().map(|posted| posted.dealer.get()).zip(judged));
        verdicts
    }

    fn who_dealt<'a>(&'a self, dealer: u16, bytes: &'a [u8]) -> Result<Posted<'a>, DealingError> {
        let expected_constant = match self.origin() {
            None => None,
            Some(origin) => {
                let key = usize::from(dealer)
                    .checked_sub(1)
                    .and_then(|at| origin.node_keys.get(at));
                Some(key.ok_or(DealingError::Constant)?)
            }
        };
        Ok(Posted {
            dealer: NodeIndex::new(dealer)?,
            bytes,
            expected_constant,
        })
    }
}
