//! The strict CBOR that an envelope's header is made of. SPEC.md §1.
//!
//! [`scan`] finds where the header ends and refuses whatever deterministic
//! encoders do not write; [`cursor`] then takes fields out of bytes known to be
//! well formed; [`write`] makes such bytes.
//!
//! What is absent: a tree. Fields are read where they stand, so that what is
//! not understood can be kept byte for byte.

pub(crate) mod cursor;
pub(crate) mod scan;
pub(crate) mod write;
