//! Operations on many public points of G2, with the widest additions that the processor has: eight
//! at a time, or one after the other.

use ::blst::{blst_fp2, blst_p2_affine};
use ark_bls12_381::G2Affine;

use super::{
    super::affine::{self, Affine, Point, Signs},
    crossing::{from_p2_affine, to_p2},
};

/// Points that cross from arkworks' type and back, many at once.
pub(super) trait Crossing: Point {
    fn cross_in(points: &[G2Affine]) -> Vec<Self>;
    fn cross_out(points: &[Self]) -> Vec<G2Affine>;
}

impl Crossing for Affine<blst_fp2> {
    fn cross_in(points: &[G2Affine]) -> Vec<Self> {
        points.iter().map(to_p2).map(Self::from).collect()
    }

    fn cross_out(points: &[Self]) -> Vec<G2Affine> {
        let points = points.iter().map(|point| blst_p2_affine::from(*point));
        points.map(|point| from_p2_affine(&point)).collect()
    }
}

/// One after the other.
pub(super) type Narrow = Affine<blst_fp2>;

/// Calls a function of this module with the points for which it is fastest here.
macro_rules! widest {
    (bulk::$function:ident($($argument:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        let result = if lanes::present() {
            bulk::$function::<lanes::LanePoint>($($argument),*)
        } else {
            bulk::$function::<bulk::Narrow>($($argument),*)
        };
        #[cfg(not(target_arch = "x86_64"))]
        let result = bulk::$function::<bulk::Narrow>($($argument),*);
        result
    }};
}
pub(super) use widest;

/// The value of each polynomial, given by its coefficients, at `x`.
pub(super) fn at<P: Crossing>(coefficients: &[&[G2Affine]], x: u16) -> Vec<G2Affine> {
    let points = P::cross_in(&coefficients.concat());
    let mut rest = points.as_slice();
    let polynomials: Vec<_> = coefficients
        .iter()
        .map(|coefficients| {
            let (its, others) = rest.split_at(coefficients.len());
            rest = others;
            (its, x.into())
        })
        .collect();
    P::cross_out(&affine::polynomials(&polynomials))
}

/// The values of one polynomial at `1..=count`.
pub(super) fn polynomial_values<P: Crossing>(
    coefficients: &[G2Affine],
    count: u16,
) -> Vec<G2Affine> {
    P::cross_out(&affine::values(&P::cross_in(coefficients), count))
}

/// The sum of each group.
pub(super) fn sums<P: Crossing>(groups: &[Vec<G2Affine>]) -> Vec<G2Affine> {
    let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
    let points = P::cross_in(&groups.concat());
    P::cross_out(&affine::sums(&points.iter().collect::<Vec<_>>(), &sizes))
}

/// As [`affine::odd_sums`].
pub(super) fn odd_sums<P: Crossing>(points: &[G2Affine], signs: &[Signs]) -> Vec<G2Affine> {
    P::cross_out(&affine::odd_sums(&P::cross_in(points), signs))
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::{Fr, G2Projective};
    use ark_ec::{AffineRepr, CurveGroup};

    use super::*;
    use crate::engine::{
        affine::SIGNS,
        blst::{from_p2, polynomial},
        differential::{Numbers, cases, walk},
    };

    /// These points give what those one after the other do, and those what single operations do.
    fn agrees_with_narrow<P: Crossing>() {
        let mut numbers = Numbers(60);
        let mut walk = walk::<G2Projective>(&mut numbers);
        for length in [0, 1, 7, 8, 9, 44, 200] {
            let mut points: Vec<G2Affine> = (0..length).map(|_| walk()).collect();
            if length > 8 {
                (points[1], points[2], points[3]) = (points[0], -points[0], G2Affine::zero());
            }
            assert_eq!(P::cross_out(&P::cross_in(&points)), points);
            let signs: Vec<_> = points.iter().map(|_| Signs(numbers.wide())).collect();
            let sums = odd_sums::<P>(&points, &signs);
            assert_eq!(sums, odd_sums::<Narrow>(&points, &signs));
            for (at, sum) in sums.iter().enumerate() {
                let bit = |Signs(row): &Signs, at: usize| row[at / 8] >> (at % 8) & 1 == 0;
                let terms = points.iter().zip(&signs).flat_map(|(point, row)| {
                    [1, 2, 4].into_iter().zip(0..).map(move |(factor, column)| {
                        let term = *point * Fr::from(factor);
                        if bit(row, 3 * at + column) {
                            term
                        } else {
                            -term
                        }
                    })
                });
                if length < 10 {
                    assert_eq!(*sum, terms.sum::<G2Projective>().into_affine());
                }
            }
            assert_eq!(sums.len(), SIGNS / 3);
        }
        for case in 0..cases(40) {
            let polynomials: Vec<Vec<G2Affine>> = (0..case % 11)
                .map(|_| (0..numbers.next() % 9).map(|_| walk()).collect())
                .collect();
            let x = [0, 1, 2, 3, 33, 64, 255, numbers.next() as u16][case % 8];
            let coefficients: Vec<_> = polynomials.iter().map(Vec::as_slice).collect();
            let values = at::<P>(&coefficients, x);
            assert_eq!(values, at::<Narrow>(&coefficients, x));
            let singly = coefficients.iter().map(|coefficients| {
                let coefficients: Vec<_> = coefficients.iter().map(to_p2).collect();
                from_p2(&polynomial(&coefficients, x.into()))
            });
            assert_eq!(values, singly.collect::<Vec<_>>());

            assert_eq!(sums::<P>(&polynomials), sums::<Narrow>(&polynomials));
            if let Some(coefficients) = polynomials.first() {
                for count in [0, 1, 8, 20] {
                    assert_eq!(
                        polynomial_values::<P>(coefficients, count),
                        polynomial_values::<Narrow>(coefficients, count)
                    );
                }
            }
        }
    }

    #[test]
    fn sums_and_polynomials_agree_one_by_one_and_eight_at_a_time() {
        agrees_with_narrow::<Narrow>();
        #[cfg(target_arch = "x86_64")]
        if super::super::lanes::present() {
            agrees_with_narrow::<super::super::lanes::LanePoint>();
        }
    }
}
