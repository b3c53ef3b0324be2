//! Why bytes were refused.

/// Bytes that are not a valid key, point, scalar or index.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// The input has another length than this value always has.
    #[error("expected {want} bytes, got {got}")]
    Length {
        /// Bytes that this value takes.
        want: usize,
        /// Bytes that were given.
        got: usize,
    },
    /// A value that has exactly one encoding was written in another way.
    #[error("the encoding is not canonical")]
    NonCanonical,
    /// The coordinates do not satisfy the curve equation.
    #[error("the point is not on the curve")]
    NotOnCurve,
    /// The point is on the curve, but outside the subgroup of prime order.
    #[error("the point is not in the prime-order subgroup")]
    NotInSubgroup,
    /// The point at infinity is never a valid key, share or commitment.
    #[error("the point is the identity")]
    Identity,
    /// A secret scalar must not be zero.
    #[error("the scalar is zero")]
    ZeroScalar,
    /// An X25519 point of low order: it would make the shared secret public.
    #[error("the x25519 key has low order")]
    LowOrder,
    /// Node indices begin at 1; index 0 is where the secret itself would be.
    #[error("node index 0 is not allowed, indices begin at 1")]
    IndexZero,
}

/// Text that is not `0x` and the right number of hexadecimal digits.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseHexError {
    /// The text does not begin with `0x`.
    #[error("expected hexadecimal text that begins with 0x")]
    Prefix,
    /// The text has too few or too many digits.
    #[error("expected {want} hexadecimal digits after 0x, got {got}")]
    Length {
        /// Digits that this value takes.
        want: usize,
        /// Digits that were given.
        got: usize,
    },
    /// A character is not a hexadecimal digit.
    #[error("character {at} after 0x is not a hexadecimal digit")]
    Digit {
        /// Position of the first such character, from 0.
        at: usize,
    },
}
