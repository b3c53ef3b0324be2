//! Deterministic CBOR (RFC 8949 §4.2.1), the subset that policies and contexts use.
