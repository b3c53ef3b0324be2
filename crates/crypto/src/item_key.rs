//! An identity's key itself: for keys that are to become public, and what they open. SPEC.md §6.
//!
//! Readers of files never hold one: they open a capsule and drop it ([`open`](fn@crate::open)).

use core::fmt;

use ark_bls12_381::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use zeroize::Zeroizing;

use crate::{
    Capsule, Cek, CombinedShare, CommitteeKeys, DecodeError, Encapsulation, Identity, NetworkKey,
    NodeIndex, OpenError, ReaderSecret, Share, committee::Request, encoding, engine,
    interpolation::Interpolation,
};

/// The key `K = s·Q` of one identity, checked against the network key: `e(K, P2) = e(Q, PK)`.
///
/// Whoever has it opens everything that was or ever will be sealed to the identity, so it is a secret
/// until somebody means it to be public ([`publish`](Self::publish)). It is neither copied nor shown:
///
/// ```compile_fail
/// fn copied(key: &stheno_crypto::ItemKey) -> stheno_crypto::ItemKey { key.clone() }
/// ```
pub struct ItemKey {
    id: Identity,
    point: Zeroizing<G1Affine>,
}

/// An identity's key, combined from shares.
#[derive(Debug)]
pub struct CombinedKey {
    /// The key.
    pub key: ItemKey,
    /// Nodes whose shares were found wrong on the way; empty when nothing had to be examined.
    pub culprits: Vec<NodeIndex>,
}

/// Combines shares to the key of `id`. Unlike [`open`](fn@crate::open) it needs no capsule; it takes a
/// pairing check to know that the key is right.
///
/// Any shares beyond the threshold are used where others are wrong. `weights_seed` is 32 fresh
/// random bytes.
///
/// # Errors
/// [`OpenError`], never [`OpenError::Capsule`].
pub fn combine_key(
    committee: &CommitteeKeys,
    reader: &ReaderSecret,
    id: &Identity,
    shares: &[Share],
    weights_seed: &[u8; 32],
) -> Result<CombinedKey, OpenError> {
    let request = Request {
        id,
        shares,
        weights_seed,
    };
    let (key, culprits) = committee.gather(
        &request,
        || reader.public(),
        |shares| {
            let point = Interpolation::of(shares)?.key(reader);
            ItemKey::checked(&committee.network_key, id, point)
        },
    )?;
    Ok(CombinedKey { key, culprits })
}

impl ItemKey {
    /// Decodes a key that was published: 128 bytes, as EIP-2537 writes a point of G1.
    ///
    /// # Errors
    /// [`ItemKeyError`]: what is no canonical point of the subgroup, and every key but that of `id`.
    pub fn from_eip2537(
        network_key: &NetworkKey,
        id: &Identity,
        bytes: &[u8],
    ) -> Result<Self, ItemKeyError> {
        let point = Zeroizing::new(encoding::g1_from_eip2537(bytes)?);
        Self::checked(network_key, id, point).ok_or(ItemKeyError::OtherKey)
    }

    /// The 128 bytes that a contract verifies, as EIP-2537 writes a point of G1: `x ‖ y`, each after
    /// 16 bytes of 0.
    ///
    /// Who hands them on opens to everybody, and for ever, whatever is sealed to the identity.
    #[must_use]
    pub fn publish(&self) -> [u8; 128] {
        encoding::g1_to_eip2537(&self.point)
    }

    /// Whose key it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.id
    }

    /// Finds `σ` in an encapsulation, and with it the proof of what was sealed: `U = ρ(σ ‖ id)·P2`.
    ///
    /// `None` when the encapsulation was not made for this identity, or was changed, or never was one:
    /// then no `σ` exists that a contract would accept for it.
    #[must_use]
    pub fn decapsulate(&self, sealed: &Encapsulation) -> Option<SealSecret> {
        sealed.secret(&self.id, &self.point)
    }

    /// Opens a capsule.
    ///
    /// # Errors
    /// [`OpenError::Capsule`], nothing more is told.
    pub fn open(&self, capsule: &Capsule, aad: &[u8]) -> Result<Cek, OpenError> {
        let opened = capsule.open(&self.id, aad, &self.point);
        opened.ok_or(OpenError::Capsule)
    }

    /// `e(K, P2) = e(Q, PK)`. The point is in the subgroup and not the identity.
    fn checked(
        network_key: &NetworkKey,
        id: &Identity,
        point: Zeroizing<G1Affine>,
    ) -> Option<Self> {
        let pairs = [
            (*point, G2Affine::generator()),
            (-id.point(), network_key.0),
        ];
        let right = engine::active().pairing_product_is_one(&pairs);
        right.then_some(Self { id: *id, point })
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemKey({:?}, <redacted>)", self.id)
    }
}

impl CombinedShare {
    /// The identity's key `K = C3 − b·C1`, from a combined share, from wherever it came.
    ///
    /// # Errors
    /// [`OpenError::WrongKey`] when this is not the key of `id` for this reader.
    pub fn key(
        &self,
        network_key: &NetworkKey,
        reader: &ReaderSecret,
        id: &Identity,
    ) -> Result<ItemKey, OpenError> {
        let point = Zeroizing::new(engine::active().g1_add_mul(&self.c3, &-self.c1, &reader.0));
        ItemKey::checked(network_key, id, point).ok_or(OpenError::WrongKey)
    }
}

/// The secret `σ` of an [`Encapsulation`]: 32 bytes from which its writer made it, and by which anybody
/// proves to a contract what it hid.
pub struct SealSecret(Zeroizing<[u8; 32]>);

impl SealSecret {
    pub(crate) const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealSecret(<redacted>)")
    }
}

/// Why bytes are not an identity's key.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ItemKeyError {
    /// The bytes are no point.
    #[error("no key: {0}; give the 128 bytes as eip-2537 writes them")]
    Malformed(#[from] DecodeError),
    /// It is a point, and not the key of this identity under this network key.
    #[error("the key of another identity or network; check item, policy and network")]
    OtherKey,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ItemId, KeyShare, NetworkId, PolicyDigest, combine, encapsulate, engine::Engine};

    const ENTROPY: [u8; 32] = [0xe7; 32];

    /// Three of three share `s = 7`: the shares are values at 1, 2, 3 of `7 + 5x + 3x²`.
    struct Network {
        nodes: Vec<KeyShare>,
        keys: CommitteeKeys,
    }

    fn network() -> Network {
        let node = |index: u8| {
            let mut secret = [0; 32];
            secret[31] = 7 + 5 * index + 3 * index * index;
            KeyShare::from_secret_bytes(NodeIndex::new(index.into()).unwrap(), &secret).unwrap()
        };
        let mut secret = [0; 32];
        secret[31] = 7;
        let whole = KeyShare::from_secret_bytes(NodeIndex::new(1).unwrap(), &secret).unwrap();
        let nodes: Vec<KeyShare> = (1..=4).map(node).collect();
        let node_keys = nodes.iter().map(|node| (node.index(), node.public_key()));
        let keys = CommitteeKeys {
            threshold: 3,
            network_key: NetworkKey::from_bytes(&whole.public_key().to_bytes()).unwrap(),
            node_keys: node_keys.collect(),
        };
        Network { nodes, keys }
    }

    fn identity(network: &Network, item: u8) -> Identity {
        Identity::new(
            &NetworkId::derive(314, &[0; 20], 1),
            &network.keys.network_key.fingerprint(),
            &PolicyDigest::of(b"opens to everybody"),
            &ItemId::from_bytes([item; 32]),
        )
    }

    fn shares(network: &Network, id: &Identity, reader: &ReaderSecret) -> Vec<Share> {
        let share = |node: &KeyShare| node.share(3, id, &reader.public(), &[0x5e; 32], &ENTROPY);
        network.nodes.iter().map(share).collect()
    }

    #[test]
    fn key_opens_what_was_sealed_to_its_identity_and_nothing_else() {
        for engine in Engine::ALL {
            engine.scope(|| {
                let network = network();
                let (id, other) = (identity(&network, 9), identity(&network, 8));
                let reader = ReaderSecret::from_seed(&[4; 32]);
                let given = shares(&network, &id, &reader);
                let combined = combine_key(&network.keys, &reader, &id, &given, &ENTROPY).unwrap();
                assert_eq!(combined.culprits, []);
                let key = combined.key;
                assert_eq!(key.identity(), &id);

                let (sealed, _) = encapsulate(&network.keys.network_key, &id, &[0x51; 32]);
                let secret = key.decapsulate(&sealed).unwrap();
                assert_eq!(secret.expose_secret(), &[0x51; 32]);
                let (elsewhere, _) = encapsulate(&network.keys.network_key, &other, &[0x51; 32]);
                assert!(key.decapsulate(&elsewhere).is_none());

                let seal = |to: &Identity| {
                    let cek = Cek::from_bytes([2; 32]);
                    Capsule::seal(&network.keys.network_key, to, b"aad", &cek, &[3; 32])
                };
                let cek = key.open(&seal(&id), b"aad").unwrap();
                assert_eq!(cek.expose_secret(), &[2; 32]);
                for wrong in [
                    key.open(&seal(&id), b"other"),
                    key.open(&seal(&other), b"aad"),
                ] {
                    assert_eq!(wrong.unwrap_err(), OpenError::Capsule);
                }
            });
        }
    }

    #[test]
    fn decapsulation_fails_if_any_bit_was_changed() {
        let network = network();
        let id = identity(&network, 9);
        let reader = ReaderSecret::from_seed(&[4; 32]);
        let given = shares(&network, &id, &reader);
        let key = combine_key(&network.keys, &reader, &id, &given, &ENTROPY)
            .unwrap()
            .key;
        let (sealed, _) = encapsulate(&network.keys.network_key, &id, &[0x51; 32]);
        for bit in (0..96 * 8).step_by(29) {
            let mut changed = sealed;
            changed.u[bit / 8] ^= 1 << (bit % 8);
            assert!(key.decapsulate(&changed).is_none(), "bit {bit} of U");
        }
        for bit in (0..32 * 8).step_by(13) {
            let mut changed = sealed;
            changed.v[bit / 8] ^= 1 << (bit % 8);
            assert!(key.decapsulate(&changed).is_none(), "bit {bit} of V");
        }
    }

    #[test]
    fn combined_share_gives_the_key_to_its_reader_alone() {
        let network = network();
        let id = identity(&network, 9);
        let reader = ReaderSecret::from_seed(&[4; 32]);
        let given = shares(&network, &id, &reader);
        let share = combine(&network.keys, &reader.public(), &id, &given, &ENTROPY)
            .unwrap()
            .share;
        let network_key = &network.keys.network_key;
        let key = share.key(network_key, &reader, &id).unwrap();
        let again = combine_key(&network.keys, &reader, &id, &given, &ENTROPY).unwrap();
        assert_eq!(key.publish(), again.key.publish());

        let stranger = ReaderSecret::from_seed(&[5; 32]);
        let wrong = share.key(network_key, &stranger, &id).unwrap_err();
        assert_eq!(wrong, OpenError::WrongKey);
        let other = identity(&network, 8);
        let wrong = share.key(network_key, &reader, &other).unwrap_err();
        assert_eq!(wrong, OpenError::WrongKey);
    }

    #[test]
    fn bad_share_is_got_around_and_named() {
        let network = network();
        let (id, other) = (identity(&network, 9), identity(&network, 8));
        let reader = ReaderSecret::from_seed(&[4; 32]);
        let mut given = shares(&network, &id, &reader);
        given[1] = shares(&network, &other, &reader).swap_remove(1);
        let combined = combine_key(&network.keys, &reader, &id, &given, &ENTROPY).unwrap();
        assert_eq!(combined.culprits, [NodeIndex::new(2).unwrap()]);
        given.truncate(3);
        let error = combine_key(&network.keys, &reader, &id, &given, &ENTROPY).unwrap_err();
        assert!(
            matches!(
                error,
                OpenError::TooFewShares {
                    need: 3,
                    good: 2,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn published_key_comes_back_and_no_other_bytes_do() {
        let network = network();
        let (id, other) = (identity(&network, 9), identity(&network, 8));
        let reader = ReaderSecret::from_seed(&[4; 32]);
        let given = shares(&network, &id, &reader);
        let key = combine_key(&network.keys, &reader, &id, &given, &ENTROPY)
            .unwrap()
            .key;
        let network_key = &network.keys.network_key;
        let bytes = key.publish();
        let again = ItemKey::from_eip2537(network_key, &id, &bytes).unwrap();
        assert_eq!(again.publish(), bytes);

        let error = |id: &Identity, bytes: &[u8]| {
            ItemKey::from_eip2537(network_key, id, bytes).unwrap_err()
        };
        assert_eq!(error(&other, &bytes), ItemKeyError::OtherKey);
        let generator = encoding::g1_to_eip2537(&G1Affine::generator());
        assert_eq!(error(&id, &generator), ItemKeyError::OtherKey);
        let malformed = |bytes: &[u8], why: DecodeError| {
            assert_eq!(error(&id, bytes), ItemKeyError::Malformed(why));
        };
        malformed(
            &bytes[1..],
            DecodeError::Length {
                want: 128,
                got: 127,
            },
        );
        malformed(&[0; 128], DecodeError::Identity);
        let mut padded = bytes;
        padded[64] = 1;
        malformed(&padded, DecodeError::NonCanonical);
        let mut bent = bytes;
        bent[127] ^= 1;
        malformed(&bent, DecodeError::NotOnCurve);
    }

    #[test]
    fn secrets_print_nothing() {
        let network = network();
        let id = identity(&network, 9);
        let reader = ReaderSecret::from_seed(&[4; 32]);
        let given = shares(&network, &id, &reader);
        let combined = combine_key(&network.keys, &reader, &id, &given, &ENTROPY).unwrap();
        let shown = format!("{combined:?}");
        assert!(shown.contains("<redacted>"), "{shown}");
        assert!(!shown.contains(&hex::encode(&combined.key.publish()[16..48])));
        let secret = SealSecret::new(Zeroizing::new([0xab; 32]));
        assert_eq!(format!("{secret:?}"), "SealSecret(<redacted>)");
    }
}
