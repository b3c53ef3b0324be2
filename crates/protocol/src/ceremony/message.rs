//! Messages of the ceremony, with the signature that makes them somebody's.

use alloy_primitives::{Address, B256, Bytes};

use super::MessageKind;
use crate::{
    Domain, SignatureError, signature,
    typed::{self, Typed},
};

/// A message that members sign.
pub trait Message: Typed {
    /// How the transcript counts it; none for what comes before the ceremony runs.
    const KIND: Option<MessageKind>;

    /// Index of the member that sends it, or 0 where the message names none.
    fn sender(&self) -> u16;

    /// What is signed.
    fn digest(&self, domain: &Domain) -> B256 {
        typed::digest(self, domain)
    }

    /// EIP-712's `hashStruct`: what the transcript absorbs.
    fn struct_hash(&self) -> B256 {
        self.eip712_hash_struct()
    }
}

macro_rules! messages {
    ($($type:ident, $kind:expr, $sender:expr;)*) => {$(
        impl Message for typed::$type {
            const KIND: Option<MessageKind> = $kind;

            fn sender(&self) -> u16 {
                let sender: fn(&Self) -> u16 = $sender;
                sender(self)
            }
        }
    )*};
}

messages! {
    Registration, None, |_| 0;
    CeremonyKey, None, |m| m.member;
    Approval, None, |_| 0;
    Refresh, None, |_| 0;
    Dealing, Some(MessageKind::Deal), |m| m.dealer;
    Complaint, Some(MessageKind::Complain), |m| m.receiver;
    Answer, Some(MessageKind::Answer), |m| m.dealer;
    Confirmation, Some(MessageKind::Confirm), |m| m.receiver;
    Extension, Some(MessageKind::Extend), |m| m.member;
}

/// A message and its signature, not yet checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signed<T> {
    /// What was said.
    pub message: T,
    /// 65 bytes `r ‖ s ‖ v`.
    pub signature: Bytes,
}

impl<T: Message> Signed<T> {
    /// The message, if `signer` signed it for `domain`.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, domain: &Domain, signer: Address) -> Result<&T, SignatureError> {
        signature::verify(self.message.digest(domain), &self.signature, signer)?;
        Ok(&self.message)
    }
}
