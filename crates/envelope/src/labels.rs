//! COSE labels and algorithm numbers, each written once. SPEC.md §2.
//!
//! Below −65536 COSE leaves numbers for private use (RFC 9052 §11, RFC 9053 §11);
//! −65790 to −65793 are the Filecoin Encryption Envelope's, the others ours.

/// CBOR tag of an envelope without recipients (`COSE_Encrypt0`).
pub const TAG_ENCRYPT0: u64 = 16;
/// CBOR tag of an envelope with recipients (`COSE_Encrypt`).
pub const TAG_ENCRYPT: u64 = 96;

/// Header: algorithm.
pub const ALG: i64 = 1;
/// Header: labels that a reader must understand (RFC 9052 §3.1).
pub const CRITICAL: i64 = 2;
/// Header: key identifier.
pub const KID: i64 = 4;
/// Header: nonce of the body.
pub const IV: i64 = 5;
/// Header: type of the whole object (RFC 9596).
pub const TYP: i64 = 16;
/// Recipient header: the sender's ephemeral public key (RFC 9053 §6.3.1).
pub const EPHEMERAL_KEY: i64 = -1;

/// The value that [`TYP`] must have.
pub const ENVELOPE_TYPE: &str = "application/vnd.foc-envelope+cose";

/// What a folder's manifest begins with.
pub const MANIFEST_TYPE: &str = "application/vnd.stheno.manifest+cbor";

/// Unprotected: plaintext bytes in every chunk but the last.
pub const CHUNK_SIZE: i64 = -65790;
/// Unprotected, advisory: how many chunks follow.
pub const CHUNK_COUNT: i64 = -65791;
/// Unprotected: a map that belongs to the application.
pub const APP_METADATA: i64 = -65792;
/// Protected, ours: commitment to the content-encryption key.
pub const KEY_COMMITMENT: i64 = -65803;
/// Unprotected, ours: where the ciphertext of a detached header lies, `[cid, offset, length]`.
pub const LOCATION: i64 = -65804;
/// What is hashed into a [`KEY_COMMITMENT`].
pub const KEY_COMMITMENT_TAG: &str = "STHENO-V1-ENVELOPE-KEY-COMMITMENT";

/// What is hashed with a shared key into the key id that is written for it.
pub const SHARED_KEY_ID_TAG: &str = "STHENO-V1-SHARED-KEY-ID";

/// Body: AES-256-GCM over the whole file (RFC 9053 §4.1).
pub const A256GCM: i64 = 3;
/// Body: chunked AES-256-GCM STREAM.
pub const CHUNKED_A256GCM: i64 = -65793;
/// Body, ours: chunked ChaCha20-Poly1305 STREAM.
pub const CHUNKED_CHACHA20_POLY1305: i64 = -65800;

/// Recipient: AES key wrap under a shared 256-bit key (RFC 9053 §6.2.1).
pub const A256KW: i64 = -5;
/// Recipient: ephemeral-static ECDH, then AES-256 key wrap (RFC 9053 §6.4.1).
pub const ECDH_ES_A256KW: i64 = -31;
/// Recipient, ours: identity-based encryption to a threshold committee.
pub const THRESHOLD: i64 = -65801;

/// Threshold recipient, protected: version of the scheme.
pub const THRESHOLD_VERSION: i64 = -65810;
/// Threshold recipient, protected: `[chain id, contract, committee id]`.
pub const THRESHOLD_LOCATOR: i64 = -65811;
/// Threshold recipient, protected: canonical policy bytes.
pub const THRESHOLD_POLICY: i64 = -65812;
/// Threshold recipient, protected: digest of a hidden policy, instead of its bytes.
pub const THRESHOLD_POLICY_DIGEST: i64 = -65813;
/// Threshold recipient, protected: item.
pub const THRESHOLD_ITEM: i64 = -65814;
/// Threshold recipient, protected: the capsule's `U`.
pub const THRESHOLD_U: i64 = -65815;
/// Threshold recipient, protected: the capsule's `V`.
pub const THRESHOLD_V: i64 = -65816;
