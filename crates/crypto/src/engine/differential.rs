//! Both engines give the same result for the same random input.
//!
//! Field operations, additions and codecs run 10⁵ times each, multiplications and hashes 10³ to
//! 10⁴, pairings 10³; `STHENO_DIFFERENTIAL=n` multiplies every count by `n`.

use ark_bls12_381::{Fq, Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{PrimeField, Zero};

use super::{Operations, arkworks::Arkworks, blst::Blst};
use crate::{
    DecodeError,
    encoding::{
        fq_from_bytes, fq_to_bytes, g1_from_uncompressed, g1_to_compressed, g1_to_uncompressed,
        g2_to_compressed,
    },
    scalar::SecretScalar,
};

/// Numbers that look random, and are the same in every run: splitmix64.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn wide<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
        bytes
    }

    /// One in eight is near an edge: 0, 1, r − 1.
    pub(super) fn fr(&mut self) -> Fr {
        match self.next() % 24 {
            0 => Fr::zero(),
            1 => Fr::from(1),
            2 => -Fr::from(1),
            _ => Fr::from_be_bytes_mod_order(&self.wide::<48>()),
        }
    }

    pub(super) fn fq(&mut self) -> Fq {
        match self.next() % 24 {
            0 => Fq::zero(),
            1 => Fq::from(1),
            2 => -Fq::from(1),
            _ => Fq::from_be_bytes_mod_order(&self.wide::<64>()),
        }
    }

    fn secret(&mut self) -> SecretScalar {
        SecretScalar::from(self.fr())
    }
}

pub(super) fn cases(count: usize) -> usize {
    let factor = std::env::var("STHENO_DIFFERENTIAL").ok();
    count * factor.map_or(1, |factor| factor.parse().unwrap())
}

/// Random walks through a group: cheap points, none like another, some of them the identity.
pub(super) fn walk<G: CurveGroup>(numbers: &mut Numbers) -> impl FnMut() -> G::Affine + use<G> {
    let steps: Vec<G> = (0..16)
        .map(|_| G::generator() * G::ScalarField::from(numbers.next()))
        .collect();
    let mut choice = Numbers(numbers.next());
    let mut at = G::zero();
    move || {
        let pick = choice.next();
        if pick.is_multiple_of(50) {
            return G::Affine::zero();
        }
        at = at.double() + steps[(pick >> 32) as usize % steps.len()];
        at.into_affine()
    }
}

#[test]
fn engines_agree_on_scalars() {
    let mut numbers = Numbers(1);
    for _ in 0..cases(100_000) {
        let wide = numbers.wide();
        let (a, b) = (numbers.secret(), numbers.secret());
        let c = Arkworks.scalar_from_wide(&wide);
        assert_eq!(c.as_bytes(), Blst.scalar_from_wide(&wide).as_bytes());
        assert_eq!(
            Arkworks.scalar_mul_add(&a, &b, &c).as_bytes(),
            Blst.scalar_mul_add(&a, &b, &c).as_bytes()
        );
    }
    for edge in [[0; 48], [0xff; 48]] {
        let reduced = Arkworks.scalar_from_wide(&edge);
        assert_eq!(reduced.as_bytes(), Blst.scalar_from_wide(&edge).as_bytes());
    }
}

#[test]
fn codecs_agree_with_themselves_on_coordinates_and_points() {
    let mut numbers = Numbers(2);
    for _ in 0..cases(100_000) {
        let element = numbers.fq();
        assert_eq!(fq_from_bytes(&fq_to_bytes(&element)), Ok(element));
    }
    let mut walk = walk::<G1Projective>(&mut numbers);
    for _ in 0..cases(100_000) {
        let point = walk();
        let decoded = g1_from_uncompressed(&g1_to_uncompressed(&point));
        assert_eq!(decoded.ok(), (!point.is_zero()).then_some(point));
    }
}

#[test]
fn engines_agree_on_decompression() {
    let mut numbers = Numbers(3);
    let mut g1 = walk::<G1Projective>(&mut numbers);
    for _ in 0..cases(5_000) {
        let point = g1();
        if !point.is_zero() {
            let bytes = g1_to_compressed(&point);
            assert_eq!(Arkworks.g1_decompress(&bytes), Ok(point));
            assert_eq!(Blst.g1_decompress(&bytes), Ok(point));
        }
    }
    let mut g2 = walk::<G2Projective>(&mut numbers);
    for _ in 0..cases(2_000) {
        let point = g2();
        if !point.is_zero() {
            let bytes = g2_to_compressed(&point);
            assert_eq!(Arkworks.g2_decompress(&bytes), Ok(point));
            assert_eq!(Blst.g2_decompress(&bytes), Ok(point));
        }
    }
    // Half of all x have a point, of which nearly none is in the subgroup.
    let (mut on_curve, mut off_curve) = (0, 0);
    let mut count = |refused: Option<DecodeError>| match refused {
        Some(DecodeError::NotInSubgroup) => on_curve += 1,
        Some(DecodeError::NotOnCurve) => off_curve += 1,
        other => panic!("{other:?}"),
    };
    for _ in 0..cases(2_000) {
        let (x0, x1) = (numbers.fq(), numbers.fq());
        let sign = if numbers.next().is_multiple_of(2) {
            0x80
        } else {
            0xa0
        };
        let mut g1 = fq_to_bytes(&x0);
        g1[0] |= sign;
        let refused = Arkworks.g1_decompress(&g1).err();
        assert_eq!(refused, Blst.g1_decompress(&g1).err());
        count(refused);

        let mut g2 = [0; 96];
        g2[..48].copy_from_slice(&fq_to_bytes(&x1));
        g2[48..].copy_from_slice(&fq_to_bytes(&x0));
        g2[0] |= sign;
        let refused = Arkworks.g2_decompress(&g2).err();
        assert_eq!(refused, Blst.g2_decompress(&g2).err());
        count(refused);

        let largest = sign == 0xa0;
        if let Some(point) = G1Affine::get_point_from_x_unchecked(x0, largest) {
            assert!(!Arkworks.g1_in_subgroup(&point) && !Blst.g1_in_subgroup(&point));
        }
        if let Some(point) = G2Affine::get_point_from_x_unchecked(Fq2::new(x0, x1), largest) {
            assert!(!Arkworks.g2_in_subgroup(&point) && !Blst.g2_in_subgroup(&point));
        }
    }
    assert!(on_curve > 1_000 && off_curve > 1_000);
}

#[test]
fn engines_agree_on_multiplication_in_g1() {
    let mut numbers = Numbers(4);
    let mut walk = walk::<G1Projective>(&mut numbers);
    for _ in 0..cases(2_000) {
        let (p, q) = (walk(), walk());
        let (a, b) = (numbers.secret(), numbers.secret());
        assert_eq!(Arkworks.g1_mul(&p, &a), Blst.g1_mul(&p, &a));
        assert_eq!(Arkworks.g1_add_mul(&p, &q, &b), Blst.g1_add_mul(&p, &q, &b));
        assert_eq!(
            Arkworks.g1_mul_pair((&p, &a), (&q, &b)),
            Blst.g1_mul_pair((&p, &a), (&q, &b))
        );
    }
    // Sums that double and that cancel.
    let (p, one) = (walk(), SecretScalar::from(1));
    assert_eq!(Blst.g1_add_mul(&p, &p, &one), (p + p).into_affine());
    assert!(Blst.g1_add_mul(&-p, &p, &one).is_zero());
    assert!(Blst.g1_mul_pair((&p, &one), (&-p, &one)).is_zero());
}

#[test]
fn engines_agree_on_multiplication_in_g2() {
    let mut numbers = Numbers(5);
    let mut walk = walk::<G2Projective>(&mut numbers);
    for _ in 0..cases(2_000) {
        let (p, a) = (walk(), numbers.secret());
        assert_eq!(Arkworks.g2_mul(&p, &a), Blst.g2_mul(&p, &a));
    }
    for _ in 0..cases(300) {
        let coefficients: Vec<G2Affine> = (0..numbers.next() % 8).map(|_| walk()).collect();
        let x = numbers.next() as u16;
        let value = Arkworks.g2_polynomial(&coefficients, x);
        assert_eq!(value, Blst.g2_polynomial(&coefficients, x));
        let many = [coefficients.as_slice(), &[], &coefficients];
        let values = [value, G2Affine::zero(), value];
        assert_eq!(Arkworks.g2_polynomials(&many, x), values);
        assert_eq!(Blst.g2_polynomials(&many, x), values);
        let powers = (0u64..).map(|k| ark_ff::Field::pow(&Fr::from(x), [k]));
        let powers: Vec<Fr> = powers.take(coefficients.len()).collect();
        assert_eq!(value, Arkworks.g2_msm(&coefficients, &powers));
    }
}

#[test]
fn many_points_are_decompressed_as_one_by_one() {
    let mut numbers = Numbers(11);
    let mut walk = walk::<G2Projective>(&mut numbers);
    let on_curve = |numbers: &mut Numbers| loop {
        let x = Fq2::new(numbers.fq(), numbers.fq());
        if let Some(point) =
            G2Affine::get_point_from_x_unchecked(x, numbers.next().is_multiple_of(2))
        {
            return point;
        }
    };
    let [mut whole, mut refused] = [0, 0];
    for case in 0..cases(300) {
        let bytes: Vec<[u8; 96]> = (0..numbers.next() % 30)
            .map(|_| {
                let mut point = walk();
                while point.is_zero() {
                    point = walk();
                }
                // In the subgroup, outside, or now and then no point at all.
                match numbers.next() % 40 {
                    0 if case % 2 == 0 => {
                        let mut bytes = g2_to_compressed(&point);
                        bytes[95] ^= 1;
                        bytes
                    }
                    1..20 => g2_to_compressed(&on_curve(&mut numbers)),
                    _ => g2_to_compressed(&point),
                }
            })
            .collect();
        let single: Result<Vec<_>, _> = bytes
            .iter()
            .map(|bytes| Arkworks.g2_decompress_on_curve(bytes))
            .collect();
        match &single {
            Ok(_) => whole += 1,
            Err(error) => {
                assert_eq!(*error, DecodeError::NotOnCurve);
                refused += 1;
            }
        }
        assert_eq!(Blst.g2_decompress_all_on_curve(&bytes), single);
        if case % 8 == 0 {
            assert_eq!(Arkworks.g2_decompress_all_on_curve(&bytes), single);
        }
    }
    assert!(whole > 100 && refused > 10, "{whole} {refused}");
}

#[test]
fn engines_agree_on_values_of_polynomials() {
    let mut numbers = Numbers(9);
    let mut walk = walk::<G2Projective>(&mut numbers);
    for (terms, count) in [
        (0, 3),
        (1, 5),
        (2, 2),
        (3, 5),
        (4, 3),
        (7, 30),
        (43, 64),
        (60, 61),
    ] {
        let coefficients: Vec<G2Affine> = (0..terms).map(|_| walk()).collect();
        let values: Vec<G2Affine> = (1..=count)
            .map(|x| Blst.g2_polynomial(&coefficients, x))
            .collect();
        assert_eq!(Blst.g2_polynomial_values(&coefficients, count), values);
        assert_eq!(Arkworks.g2_polynomial_values(&coefficients, count), values);
    }
}

#[test]
fn engines_agree_on_sums_of_groups() {
    let mut numbers = Numbers(10);
    let mut walk = walk::<G2Projective>(&mut numbers);
    for _ in 0..cases(200) {
        let pool: Vec<G2Affine> = (0..4).map(|_| walk()).collect();
        // Of few points many sums double, cancel, or have the identity in them.
        let few = numbers.next().is_multiple_of(2);
        let groups: Vec<Vec<G2Affine>> = (0..numbers.next() % 6)
            .map(|_| {
                (0..numbers.next() % 40)
                    .map(|_| match (few, numbers.next() % 8) {
                        (false, _) => walk(),
                        (true, pick @ 0..4) => pool[pick as usize],
                        (true, pick) => -pool[pick as usize % 4],
                    })
                    .collect()
            })
            .collect();
        let expected: Vec<G2Affine> = groups
            .iter()
            .map(|group| group.iter().sum::<G2Projective>().into_affine())
            .collect();
        assert_eq!(Arkworks.g2_sums(&groups), expected);
        assert_eq!(Blst.g2_sums(&groups), expected);
    }
}

#[test]
fn engines_agree_on_sums_of_products() {
    let mut numbers = Numbers(6);
    let mut g1 = walk::<G1Projective>(&mut numbers);
    let mut g2 = walk::<G2Projective>(&mut numbers);
    // 32 and more points take another algorithm in blst; short scalars another length.
    for length in (0..12).chain([31, 32, 33, 43, 64, 171]) {
        for bits in [1, 8, 64, 128, 254] {
            for _ in 0..cases(2) {
                let points: Vec<G1Affine> = (0..length).map(|_| g1()).collect();
                let scalars: Vec<Fr> = (0..length)
                    .map(|_| {
                        let wide = numbers.wide::<32>();
                        let mut value = Fr::from_be_bytes_mod_order(&wide[..bits / 8]);
                        if bits % 8 == 1 {
                            value = Fr::from(numbers.next() % 2);
                        }
                        value
                    })
                    .collect();
                let sum = Blst.g1_msm(&points, &scalars);
                assert_eq!(sum, Arkworks.g1_msm(&points, &scalars), "{length} {bits}");
                let one_by_one: G1Projective =
                    points.iter().zip(&scalars).map(|(p, k)| *p * k).sum();
                assert_eq!(sum, one_by_one.into_affine());

                let points: Vec<G2Affine> = (0..length).map(|_| g2()).collect();
                let sum = Blst.g2_msm(&points, &scalars);
                assert_eq!(sum, Arkworks.g2_msm(&points, &scalars), "{length} {bits}");
            }
        }
    }
}

#[test]
fn engines_agree_on_hashes_to_the_curve() {
    let mut numbers = Numbers(7);
    for length in (0..cases(1_000)).map(|case| case % 200) {
        let message: Vec<u8> = (0..length).map(|_| numbers.next() as u8).collect();
        let dst = numbers.wide::<43>();
        let point = Arkworks.hash_to_g1(&message, &dst);
        assert_eq!(point, Blst.hash_to_g1(&message, &dst));
        assert!(Blst.g1_in_subgroup(&point));
    }
}

#[test]
fn engines_agree_on_pairings() {
    let mut numbers = Numbers(8);
    let mut g1 = walk::<G1Projective>(&mut numbers);
    let mut g2 = walk::<G2Projective>(&mut numbers);
    for _ in 0..cases(1_000) {
        let (p, q) = (g1(), g2());
        assert_eq!(*Arkworks.pairing(&p, &q), *Blst.pairing(&p, &q));
    }
    for case in 0..cases(100) {
        // e(a·P, Q)·e(P', b·Q')·e(−P, a·Q)·e(−b·P', Q') = 1, and one wrong factor is noticed.
        let (p, q, a) = (g1(), g2(), numbers.fr());
        let (p2, q2, b) = (g1(), g2(), numbers.fr());
        let mut pairs = vec![
            ((p * a).into_affine(), q),
            (p2, (q2 * b).into_affine()),
            (-p, (q * a).into_affine()),
            ((-p2 * b).into_affine(), q2),
        ];
        if case % 2 == 1 {
            pairs.push((g1(), g2()));
        }
        let last_is_one = pairs.len() == 4 || pairs[4].0.is_zero() || pairs[4].1.is_zero();
        assert_eq!(Arkworks.pairing_product_is_one(&pairs), last_is_one);
        assert_eq!(Blst.pairing_product_is_one(&pairs), last_is_one);
    }
    assert!(Arkworks.pairing_product_is_one(&[]) && Blst.pairing_product_is_one(&[]));
}
