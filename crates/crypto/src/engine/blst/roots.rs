//! Points of G2 by their `x`, eight at a time, where the processor multiplies eight numbers at
//! once (see [`lanes`](super::lanes)): in a third of the time.
//!
//! Every root is squared again before it is believed: where none is found, whatever the reason, the
//! caller's one-by-one code decides. For public numbers.

use std::sync::LazyLock;

use ark_bls12_381::{Fq, Fq2, G2Affine, g2};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::PrimeField;

use super::{
    LANES,
    lanes::{Fp2Lanes, FpLanes, present},
};
use crate::encoding::{FQ_BYTES, fq_from_bytes, sized};

/// Up to [`LANES`] points by their bytes, whose form is checked, as far as they are found; none
/// where the processor cannot, or they are too few.
pub(super) fn propose(bytes: &[[u8; 96]]) -> Option<[Option<G2Affine>; LANES]> {
    if bytes.len() < LANES / 2 {
        return None;
    }
    let mut x = [Fq2::default(); LANES];
    for (x, bytes) in x.iter_mut().zip(bytes) {
        let (mut c1, c0) = bytes
            .split_first_chunk::<FQ_BYTES>()
            .map(|(c1, c0)| (*c1, c0))?;
        c1[0] &= 0x1f;
        *x = Fq2::new(
            fq_from_bytes(sized(c0).ok()?).ok()?,
            fq_from_bytes(&c1).ok()?,
        );
    }
    let ordinates = ordinates(&x)?;
    let mut points = [None; LANES];
    for ((point, bytes), (x, y)) in points.iter_mut().zip(bytes).zip(x.iter().zip(ordinates)) {
        // arkworks orders Fp2 as the encoding does.
        let largest = bytes[0] & 0x20 != 0;
        *point = y.map(|y| {
            let y = if (y > -y) == largest { y } else { -y };
            G2Affine::new_unchecked(*x, y)
        });
    }
    Some(points)
}

/// Of each `x` one of the two `y ≠ 0` with which it is a point of the curve, where one is found;
/// `None` where the processor cannot.
fn ordinates(x: &[Fq2; LANES]) -> Option<[Option<Fq2>; LANES]> {
    // SAFETY: the processor has what the function needs.
    present().then(|| unsafe { in_lanes(x) })
}

/// `1/2`.
const HALF: Fq = ark_ff::MontFp!(
    "2001204777610833696708894912867952078278441409969503942666029068062015825245418932221343814564507832018947136279894"
);

#[target_feature(enable = "avx512f,avx512ifma")]
fn in_lanes(x: &[Fq2; LANES]) -> [Option<Fq2>; LANES] {
    let x = Fp2Lanes::enter(x);
    let b = Fp2Lanes::everywhere(&g2::Config::COEFF_B);
    let half = Fp2Lanes::everywhere(&Fq2::new(HALF, HALF)).c0;
    // Below 4; what is not said below is a product, below 2.
    let square = x.squared().times(&x).plus(&b);

    // With a² + b² = s² the root of a + b·i is c + b/(2c)·i, where c² = (a + s)/2, or if that is
    // no square −b/(2d) … + d·i, where d² = −(a + s)/2 (Scott, ePrint 2020/1497). From
    // t = x^((p−3)/4) come both the candidate x·t for the root of ± x, and ± its inverse, t.
    let norm = square.c0.squared().plus(&square.c1.squared());
    let root_of_norm = norm.times(&power(&norm));
    let first = square.c0.plus(&root_of_norm).times(&half);
    let inverse = power(&first);
    let candidate = first.times(&inverse);
    let other = square.c1.times(&inverse).times(&half);
    let fits = candidate.squared().canonical().equal(&first.canonical());
    let zero = FpLanes::zero();
    let root = Fp2Lanes {
        c0: zero.minus::<2>(&other).or_where(fits, &candidate),
        c1: candidate.or_where(fits, &other),
    };

    let root = root.canonical();
    let found = root.squared().canonical().equal(&square.canonical()) & !root.is_zero();
    let mut ordinates = root.leave().map(Some);
    for (lane, ordinate) in ordinates.iter_mut().enumerate() {
        if found >> lane & 1 == 0 {
            *ordinate = None;
        }
    }
    ordinates
}

/// Bits of the window of the exponentiation.
const WINDOW: usize = 5;

/// `x^((p−3)/4)` of numbers below 4; the powers are below 2.
#[target_feature(enable = "avx512f,avx512ifma")]
fn power(base: &FpLanes) -> FpLanes {
    // x, x³, x⁵, …
    let twice = base.squared();
    let mut odd = [*base; 1 << (WINDOW - 1)];
    let mut last = *base;
    for power in odd.iter_mut().skip(1) {
        last = last.times(&twice);
        *power = last;
    }
    let mut value: Option<FpLanes> = None;
    for (squarings, digit) in &*CHAIN {
        if let Some(value) = &mut value {
            for _ in 0..*squarings {
                *value = value.squared();
            }
        }
        if let Some(factor) = odd.get(*digit / 2).filter(|_| *digit != 0) {
            value = Some(match value {
                Some(value) => value.times(factor),
                None => *factor,
            });
        }
    }
    value.unwrap_or(*base)
}

/// How to raise to the power `(p − 3)/4`: so many squarings, then times an odd power; the last
/// may be 0.
static CHAIN: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let mut exponent = Fq::MODULUS;
    exponent.0[0] -= 3;
    let bit = |at: usize| usize::from(ark_ff::BigInteger::get_bit(&exponent, at));
    let mut chain = Vec::new();
    let (mut at, mut squarings) = (381, 0);
    // The two lowest bits, both 0, are the division by 4.
    while at > 2 {
        if bit(at - 1) == 0 {
            squarings += 1;
            at -= 1;
            continue;
        }
        let mut low = at.saturating_sub(WINDOW).max(2);
        while bit(low) == 0 {
            low += 1;
        }
        let digit = (low..at).rev().fold(0, |digit, at| 2 * digit + bit(at));
        chain.push((squarings + at - low, digit));
        (at, squarings) = (low, 0);
    }
    chain.push((squarings, 0));
    chain
});

#[cfg(test)]
mod tests {
    use ark_bls12_381::G2Affine;
    use ark_ff::Field;

    use super::*;
    use crate::engine::differential::{Numbers, cases};

    #[test]
    fn ordinates_are_found_of_every_point_where_the_processor_can() {
        let mut numbers = Numbers(40);
        for _ in 0..cases(500) {
            let x: [Fq2; LANES] = core::array::from_fn(|_| Fq2::new(numbers.fq(), numbers.fq()));
            let Some(found) = ordinates(&x) else {
                assert!(!std::is_x86_feature_detected!("avx512ifma"));
                return;
            };
            for (found, x) in found.iter().zip(x) {
                let expected = G2Affine::get_ys_from_x_unchecked(x);
                // Of a square in Fp, the formulas find none where half of a + s is 0.
                let square = x.square() * x + g2::Config::COEFF_B;
                let special = square.c1 == Fq::from(0);
                match (found, expected) {
                    (Some(found), Some((y, z))) => assert!(*found == y || *found == z, "{x}"),
                    (None, None) => {}
                    (None, Some(_)) => assert!(special, "{x}"),
                    (Some(_), None) => panic!("{x} has no point"),
                }
            }
        }
    }
}
