//! What a contract account is asked, and what its answer means: EIP-1271, ERC-6492.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, address, b256};
use alloy_sol_types::{SolCall, SolValue};

use crate::{ChainId, Code, Problem, Read, Reading, Unknown};
use abi::{Call3, aggregate3Call, isValidSignatureCall};

/// Multicall3, at its address on every chain that has it.
///
/// In one call it lets the factory of a wallet make it and asks the wallet.
/// (An `eth_call` without a callee would do, but Filecoin's nodes return
/// nothing from one.)
pub const MULTICALL3: Address = address!("cA11bde05977b3631167028862bE2a173976CA11");
/// keccak-256 of its code; other code at its address is not asked.
pub const MULTICALL3_CODE_HASH: B256 =
    b256!("d5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891");

/// How a signature ends that carries the making of its wallet.
const ERC6492_END: [u8; 32] =
    b256!("6492649264926492649264926492649264926492649264926492649264926492").0;
/// What `isValidSignature` returns for a valid one: its selector, then zeros.
const MAGIC: FixedBytes<4> = FixedBytes(isValidSignatureCall::SELECTOR);

/// Most bytes of a contract account's signature.
const MAX_SIGNATURE: usize = 16 * 1024;

mod abi {
    #![allow(
        missing_docs,
        unreachable_pub,
        reason = "generated; documented in EIP-1271 and Multicall3"
    )]
    use alloy_sol_types::sol;
    sol! {
    function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);

    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    struct Result3 {
        bool success;
        bytes returnData;
    }

    function aggregate3(Call3[] calls) external payable returns (Result3[]);
    }
}

/// A question to a contract account: is this signature of this digest yours?
///
/// Asked at finality on the account's own chain, and again at its head; see
/// [`read`](Self::read), [`read_before_it_exists`](Self::read_before_it_exists)
/// and [`Self::judge`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContractConsent {
    /// The account.
    pub account: Address,
    /// Its chain.
    pub chain: ChainId,
    /// What was signed.
    pub digest: B256,
    signature: Bytes,
    making: Option<Making>,
}

/// How a wallet is made that does not exist yet.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Making {
    factory: Address,
    call: Bytes,
}

impl ContractConsent {
    /// The question about `signature`, which may be wrapped by ERC-6492.
    ///
    /// # Errors
    /// `signature_invalid` when it is too long, or wrapped in a form that is none.
    pub fn new(
        account: Address,
        chain: ChainId,
        digest: B256,
        signature: &Bytes,
    ) -> Result<Self, Problem> {
        if signature.len() > MAX_SIGNATURE {
            let detail = format!(
                "the signature has {} bytes; a contract account's has at most {MAX_SIGNATURE}",
                signature.len()
            );
            return Err(Problem::new(Code::SignatureInvalid, detail));
        }
        let (signature, making) = match signature.strip_suffix(&ERC6492_END) {
            None => (signature.clone(), None),
            Some(wrapped) => {
                let wrapped = <(Address, Bytes, Bytes)>::abi_decode_params_validate(wrapped);
                let (factory, call, signature) = wrapped.map_err(|error| {
                    let detail =
                        format!("the signature is not wrapped as ERC-6492 has it: {error}");
                    Problem::new(Code::SignatureInvalid, detail)
                })?;
                (signature, Some(Making { factory, call }))
            }
        };
        Ok(Self {
            account,
            chain,
            digest,
            signature,
            making,
        })
    }

    /// The call that asks the account (EIP-1271).
    #[must_use]
    pub fn read(&self) -> Read {
        self.call(self.account, self.question())
    }

    /// Where the account has no code and the signature says how it is made (ERC-6492): the call
    /// that makes it and asks it. [`MULTICALL3`] must have the code it should.
    #[must_use]
    pub fn read_before_it_exists(&self) -> Option<Read> {
        let making = self.making.as_ref()?;
        let call = |target, data: &Bytes| Call3 {
            target,
            allowFailure: false,
            callData: data.clone(),
        };
        let calls = vec![
            call(making.factory, &making.call),
            call(self.account, &self.question()),
        ];
        let data = aggregate3Call { calls }.abi_encode();
        Some(self.call(MULTICALL3, data.into()))
    }

    /// Whether what [`read`](Self::read) found is a yes.
    ///
    /// # Errors
    /// Why it is neither yes nor no, for want of an answer of the chain.
    pub fn judge(reading: &Result<Reading, Unknown>) -> Result<bool, Unknown> {
        Self::judged(reading, is_magic)
    }

    /// Whether what [`read_before_it_exists`](Self::read_before_it_exists) found is a yes.
    ///
    /// # Errors
    /// As [`judge`](Self::judge).
    pub fn judge_before_it_exists(reading: &Result<Reading, Unknown>) -> Result<bool, Unknown> {
        Self::judged(
            reading,
            |bytes| match aggregate3Call::abi_decode_returns_validate(bytes).as_deref() {
                Ok([_, asked]) => asked.success && is_magic(&asked.returnData),
                _ => false,
            },
        )
    }

    fn judged(
        reading: &Result<Reading, Unknown>,
        is_yes: impl FnOnce(&[u8]) -> bool,
    ) -> Result<bool, Unknown> {
        match reading {
            Ok(Reading::Bytes(bytes)) => Ok(is_yes(bytes)),
            Ok(_) => Ok(false),
            Err(unknown) if unknown.transient() => Err(unknown.clone()),
            // A contract that reverts, runs out of gas or is none does not consent.
            Err(_) => Ok(false),
        }
    }

    fn question(&self) -> Bytes {
        let call = isValidSignatureCall {
            hash: self.digest,
            signature: self.signature.clone(),
        };
        call.abi_encode().into()
    }

    const fn call(&self, to: Address, data: Bytes) -> Read {
        Read::Call {
            chain: self.chain,
            tier: 0,
            to,
            data,
        }
    }
}

/// Exactly the selector, as `abi.encode` pads it.
fn is_magic(returned: &[u8]) -> bool {
    returned == MAGIC.abi_encode()
}
