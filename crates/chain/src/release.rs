//! The call that makes an item's key public. What the key is, `stheno-crypto` says.

use alloy::primitives::{B256, Bytes};
use alloy::sol_types::SolCall;

use crate::contracts::TimedReleaseContract;

/// The data of `publish(item, key)` of a `TimedRelease` contract, for [`Sender::send`](crate::Sender::send).
///
/// `key` is the item's own key, 128 bytes as EIP-2537 writes a point of G1. Whoever sees the call, in a
/// mempool or later, has the key, so it should not be made before the key may be public.
#[must_use]
pub fn publish_call(item: B256, key: [u8; 128]) -> Bytes {
    let key = Bytes::from(key.to_vec());
    let call = TimedReleaseContract::publishCall { item, key };
    call.abi_encode().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::keccak256;

    #[test]
    fn call_is_the_abi_encoding_written_out() {
        let call = publish_call(B256::repeat_byte(0x11), [0x22; 128]);
        let mut wanted = keccak256("publish(bytes32,bytes)")[..4].to_vec();
        wanted.extend([0x11; 32]);
        wanted.extend(B256::left_padding_from(&[64]));
        wanted.extend(B256::left_padding_from(&[128]));
        wanted.extend([0x22; 128]);
        assert_eq!(call, wanted);
    }
}
