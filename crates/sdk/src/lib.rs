//! The Stheno SDK: encrypt to an on-chain condition, request, combine, open.
