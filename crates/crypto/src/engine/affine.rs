//! Many additions at once, in affine coordinates: all of them share one inversion.
//!
//! An addition so costs five multiplications and a squaring where projective coordinates cost
//! eleven and more. Not constant-time: for public points. One text for both engines, over the
//! few operations of [`Field`].

use ark_bls12_381::Fq2;
use ark_ff::{AdditiveGroup, Field as _};

/// What the additions need of the field of the coordinates.
pub(super) trait Field: Copy + PartialEq {
    fn zero() -> Self;
    fn one() -> Self;
    fn plus(&self, other: &Self) -> Self;
    fn minus(&self, other: &Self) -> Self;
    fn times(&self, other: &Self) -> Self;
    fn squared(&self) -> Self;
    /// Of a number that is not 0.
    fn inverse(&self) -> Self;
}

impl Field for Fq2 {
    fn zero() -> Self {
        Self::ZERO
    }

    fn one() -> Self {
        Self::ONE
    }

    fn plus(&self, other: &Self) -> Self {
        *self + other
    }

    fn minus(&self, other: &Self) -> Self {
        *self - other
    }

    fn times(&self, other: &Self) -> Self {
        *self * other
    }

    fn squared(&self) -> Self {
        self.square()
    }

    fn inverse(&self) -> Self {
        ark_ff::Field::inverse(self).unwrap_or_default()
    }
}

/// A point of a curve `y² = x³ + b` with `b ≠ 0`; (0, 0) is the identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine<F> {
    pub(super) x: F,
    pub(super) y: F,
}

impl<F: Field> Affine<F> {
    pub(super) fn identity() -> Self {
        Self {
            x: F::zero(),
            y: F::zero(),
        }
    }

    pub(super) fn negated(&self) -> Self {
        Self {
            x: self.x,
            y: F::zero().minus(&self.y),
        }
    }

    fn is_identity(&self) -> bool {
        *self == Self::identity()
    }
}

/// How two points are added.
enum Case {
    /// One is the identity: the sum is the other.
    Trivial,
    /// They are opposite.
    Cancel,
    Double,
    Add,
}

impl Case {
    fn of<F: Field>(p: &Affine<F>, q: &Affine<F>) -> Self {
        if p.is_identity() || q.is_identity() {
            Self::Trivial
        } else if p.x != q.x {
            Self::Add
        } else if p.y == q.y && p.y != F::zero() {
            Self::Double
        } else {
            Self::Cancel
        }
    }
}

/// The denominator of the slope through two points; 1 where there is none.
fn denominator<F: Field>(p: &Affine<F>, q: &Affine<F>) -> F {
    match Case::of(p, q) {
        Case::Trivial | Case::Cancel => F::one(),
        Case::Double => p.y.plus(&p.y),
        Case::Add => q.x.minus(&p.x),
    }
}

/// `P + Q`, with the inverse of [`denominator`].
fn add<F: Field>(p: &Affine<F>, q: &Affine<F>, inverse: &F) -> Affine<F> {
    let slope = match Case::of(p, q) {
        Case::Trivial if p.is_identity() => return *q,
        Case::Trivial => return *p,
        Case::Cancel => return Affine::identity(),
        Case::Double => {
            let square = p.x.squared();
            square.plus(&square).plus(&square).times(inverse)
        }
        Case::Add => q.y.minus(&p.y).times(inverse),
    };
    let x = slope.squared().minus(&p.x).minus(&q.x);
    let y = slope.times(&p.x.minus(&x)).minus(&p.y);
    Affine { x, y }
}

/// The sum of each group of points; the groups lie one after the other, with these sizes.
///
/// Neighbours are added, in all groups at once, until a group is one point.
pub(super) fn sums<F: Field>(mut points: Vec<Affine<F>>, mut sizes: Vec<usize>) -> Vec<Affine<F>> {
    let mut inverses = Vec::with_capacity(points.len() / 2);
    while sizes.iter().any(|&size| size > 1) {
        inverses.clear();
        let mut rest = points.as_slice();
        for &size in &sizes {
            let (group, others) = rest.split_at(size);
            rest = others;
            for pair in group.chunks_exact(2) {
                if let [p, q] = pair {
                    inverses.push(denominator(p, q));
                }
            }
        }
        invert(&mut inverses);

        let mut inverse = inverses.iter();
        let mut next = Vec::with_capacity(points.len() / 2 + sizes.len());
        let mut rest = points.as_slice();
        for size in &mut sizes {
            let (group, others) = rest.split_at(*size);
            rest = others;
            for pair in group.chunks(2) {
                match pair {
                    [p, q] => next.extend(inverse.next().map(|inverse| add(p, q, inverse))),
                    single => next.extend_from_slice(single),
                }
            }
            *size = size.div_ceil(2);
        }
        points = next;
    }
    let mut points = points.into_iter();
    sizes
        .iter()
        .map(|&size| match size {
            0 => Affine::identity(),
            _ => points.next().unwrap_or_else(Affine::identity),
        })
        .collect()
}

/// Inverts every number, none of which is 0, with one inversion and three multiplications each.
fn invert<F: Field>(numbers: &mut [F]) {
    let mut product = F::one();
    let before: Vec<F> = numbers
        .iter()
        .map(|number| {
            let before = product;
            product = product.times(number);
            before
        })
        .collect();
    let mut inverse = product.inverse();
    for (number, before) in numbers.iter_mut().zip(before).rev() {
        let its = inverse.times(&before);
        inverse = inverse.times(number);
        *number = its;
    }
}

/// Bits of a row of [`Signs`].
pub(crate) const SIGNS: usize = 144;

/// One sign for each of [`SIGNS`] sums: how a point enters each of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs(pub(crate) [u8; SIGNS / 8]);

impl Signs {
    /// `width ≤ 16` signs from `start` on, the first the least significant bit.
    fn window(&self, start: usize, width: usize) -> usize {
        let bytes = self.0.iter().skip(start / 8).take(3);
        let bits = bytes
            .rev()
            .fold(0usize, |bits, &byte| bits << 8 | usize::from(byte));
        bits >> (start % 8) & ((1 << width) - 1)
    }
}

/// `Σ ± P_i` for each of the first `count` columns of signs, where a bit that is set is a minus.
///
/// A few columns are done at once: points whose signs agree in all of them, or disagree in all,
/// are added first.
pub(super) fn signed_sums<F: Field>(
    points: &[Affine<F>],
    signs: &[Signs],
    count: usize,
) -> Vec<Affine<F>> {
    assert_eq!(points.len(), signs.len(), "one row of signs a point");
    let width = best_width(points.len(), count);
    let mut result = Vec::with_capacity(count);
    for start in (0..count).step_by(width) {
        let width = width.min(count - start);
        result.extend(columns(&bucket(points, signs, start, width), width));
    }
    result
}

/// The number of columns at once for which there are fewest additions.
fn best_width(points: usize, count: usize) -> usize {
    let cost = |width: &usize| count.div_ceil(*width) * (points + (1 << (width - 1)));
    (1..=14).min_by_key(cost).unwrap_or(1)
}

/// Sums of the points whose `width` signs are the same; the last sign is made a plus.
fn bucket<F: Field>(
    points: &[Affine<F>],
    signs: &[Signs],
    start: usize,
    width: usize,
) -> Vec<Affine<F>> {
    let last = 1 << (width - 1);
    let place = |signs: &Signs| {
        let window = signs.window(start, width);
        match window & last {
            0 => (window, false),
            _ => (!window & (last - 1), true),
        }
    };
    let mut sizes = vec![0usize; last];
    for row in signs {
        if let Some(size) = sizes.get_mut(place(row).0) {
            *size += 1;
        }
    }
    let mut ends: Vec<usize> = sizes
        .iter()
        .scan(0, |end, &size| {
            let start = *end;
            *end += size;
            Some(start)
        })
        .collect();
    let mut sorted = vec![Affine::identity(); points.len()];
    for (point, row) in points.iter().zip(signs) {
        let (bucket, negative) = place(row);
        if let Some(end) = ends.get_mut(bucket) {
            if let Some(slot) = sorted.get_mut(*end) {
                *slot = if negative { point.negated() } else { *point };
            }
            *end += 1;
        }
    }
    sums(sorted, sizes)
}

/// From the sums by signs to the sum of each column: all of it less twice what has a minus.
fn columns<F: Field>(buckets: &[Affine<F>], width: usize) -> Vec<Affine<F>> {
    let mut left = buckets.to_vec();
    let mut minus = Vec::with_capacity(width);
    for _ in 1..width {
        // The highest sign that is left: those with a minus, and then it no longer matters.
        let (lower, upper) = left.split_at(left.len() / 2);
        let mut points = upper.to_vec();
        let mut sizes = vec![upper.len()];
        for (p, q) in lower.iter().zip(upper) {
            points.extend([*p, *q]);
            sizes.push(2);
        }
        left = sums(points, sizes);
        minus.push(left.remove(0));
    }
    let total = left.first().copied().unwrap_or_else(Affine::identity);
    let points: Vec<_> = minus
        .iter()
        .rev()
        .flat_map(|minus| [total, minus.negated(), minus.negated()])
        .chain([total])
        .collect();
    let mut sizes = vec![3; width - 1];
    sizes.push(1);
    sums(points, sizes)
}

/// For each triple of columns of signs `Σ (± 1 ± 2 ± 4)·P_i`.
pub(super) fn odd_sums<F: Field>(points: &[Affine<F>], signs: &[Signs]) -> Vec<Affine<F>> {
    let columns = signed_sums(points, signs, SIGNS - SIGNS % 3);
    let points: Vec<_> = columns
        .chunks_exact(3)
        .flat_map(|column| match column {
            [one, two, four] => [*one, *two, *two, *four, *four, *four, *four],
            _ => [Affine::identity(); 7],
        })
        .collect();
    let sizes = vec![7; points.len() / 7];
    sums(points, sizes)
}

/// From a polynomial's values at `t` consecutive numbers, `t − 1` being its degree or more, the
/// values at the first of them and at the numbers after it, `count` in all: by forward
/// differences, `t − 1` additions a value.
pub(super) fn extrapolate<F: Field>(values: &[Affine<F>], count: usize) -> Vec<Affine<F>> {
    // Δ^j f at the first number.
    let mut differences = Vec::with_capacity(values.len());
    let mut level = values.to_vec();
    while let Some(first) = level.first() {
        differences.push(*first);
        let points: Vec<_> = level
            .iter()
            .zip(level.iter().skip(1))
            .flat_map(|(p, next)| [*next, p.negated()])
            .collect();
        let sizes = vec![2; points.len() / 2];
        level = sums(points, sizes);
    }

    let mut result = Vec::with_capacity(count);
    for _ in 0..count {
        result.extend(differences.first());
        let points: Vec<_> = differences
            .iter()
            .zip(differences.iter().skip(1))
            .flat_map(|(p, next)| [*p, *next])
            .collect();
        let sizes = vec![2; points.len() / 2];
        let last = differences.last().copied();
        differences = sums(points, sizes);
        differences.extend(last);
    }
    result
}

/// The values at `1..=count` of a polynomial of `terms` coefficients, whose value at one whole
/// number `evaluate` finds, the cheaper the nearer the number is to 0.
pub(super) fn values<F: Field>(
    terms: u16,
    count: u16,
    evaluate: impl Fn(i32) -> Affine<F>,
) -> Vec<Affine<F>> {
    if terms == 0 || count <= terms {
        return (1..).take(count.into()).map(evaluate).collect();
    }
    // As many values as fix the polynomial, around 0; the others follow from them.
    let below = terms / 2;
    let first = 1 - i32::from(below);
    let known: Vec<_> = (first..).take(terms.into()).map(evaluate).collect();
    let below = usize::from(below);
    extrapolate(&known, below + usize::from(count)).split_off(below)
}

#[cfg(test)]
mod tests {
    use ark_bls12_381::{G2Affine, G2Projective};
    use ark_ec::{AffineRepr, CurveGroup};

    use super::*;
    use crate::engine::differential::{Numbers, walk};

    fn affine(point: &G2Affine) -> Affine<Fq2> {
        point
            .xy()
            .map_or_else(Affine::identity, |(x, y)| Affine { x, y })
    }

    #[test]
    fn signed_sums_are_those_of_the_signs() {
        let mut numbers = Numbers(30);
        let mut walk = walk::<G2Projective>(&mut numbers);
        for (count, columns) in [(0, 9), (1, 3), (2, 144), (5, 144), (40, 141), (600, 144)] {
            let mut points: Vec<G2Affine> = (0..count).map(|_| walk()).collect();
            if count > 4 {
                points[1] = points[0];
                points[2] = -points[0];
            }
            let signs: Vec<_> = points.iter().map(|_| Signs(numbers.wide())).collect();
            let affines: Vec<_> = points.iter().map(affine).collect();
            let expected: Vec<G2Projective> = (0..columns)
                .map(|column| {
                    let signed = points.iter().zip(&signs).map(|(point, Signs(row))| {
                        match row[column / 8] >> (column % 8) & 1 {
                            0 => *point,
                            _ => -*point,
                        }
                    });
                    signed.sum()
                })
                .collect();
            let sums = signed_sums(&affines, &signs, columns);
            assert_eq!(sums.len(), columns);
            for (sum, expected) in sums.iter().zip(&expected) {
                assert_eq!(*sum, affine(&expected.into_affine()));
            }
            if columns == SIGNS {
                let odd = odd_sums(&affines, &signs);
                assert_eq!(odd.len(), 48);
                for (sum, column) in odd.iter().zip(expected.chunks(3)) {
                    let [one, two, four] = [column[0], column[1], column[2]];
                    let expected = one + two + two + four + four + four + four;
                    assert_eq!(*sum, affine(&expected.into_affine()));
                }
            }
        }
    }
}
