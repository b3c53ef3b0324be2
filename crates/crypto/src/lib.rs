//! Identity-based encryption, re-encryption shares and key ceremonies on BLS12-381. Pure.
