//! Many additions at once, in affine coordinates: all of them share one inversion.
//!
//! An addition so costs five multiplications and a squaring where projective coordinates cost
//! eleven and more. Not constant-time: for public points. One text for both engines, over what
//! [`Point`] can do, which follows from the few operations of [`Field`] or is done eight at a time.

use ark_bls12_381::Fq2;
use ark_ff::{AdditiveGroup, Field as _};

use super::small::{self, Digit};

/// A point as the sums need it.
pub(super) trait Point: Copy {
    fn identity() -> Self;
    fn negated(&self) -> Self;
    /// The sum of each pair, whatever its points are.
    fn add_all(pairs: &[(&Self, &Self)]) -> Vec<Self>;
}

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

impl<F: Field> Point for Affine<F> {
    fn identity() -> Self {
        Self {
            x: F::zero(),
            y: F::zero(),
        }
    }

    fn negated(&self) -> Self {
        Self {
            x: self.x,
            y: F::zero().minus(&self.y),
        }
    }

    fn add_all(pairs: &[(&Self, &Self)]) -> Vec<Self> {
        let mut inverses: Vec<_> = pairs.iter().map(|(p, q)| denominator(p, q)).collect();
        invert(&mut inverses);
        pairs
            .iter()
            .zip(&inverses)
            .map(|((p, q), inverse)| add(p, q, inverse))
            .collect()
    }
}

impl<F: Field> Affine<F> {
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

/// The sum of each group of points; the groups lie one after the other, with these sizes.
///
/// Neighbours are added, in all groups at once, until a group is one point.
pub(super) fn sums<P: Point>(points: &[&P], sizes: &[usize]) -> Vec<P> {
    let mut pairs = Vec::with_capacity(points.len() / 2);
    let mut rest = points;
    for &size in sizes {
        let (group, others) = rest.split_at(size);
        rest = others;
        pairs.extend(group.as_chunks::<2>().0.iter().map(|[p, q]| (*p, *q)));
    }
    if pairs.is_empty() {
        let mut points = points.iter();
        let mut point = |size: &usize| points.by_ref().take(*size).next().map(|point| **point);
        let sums = sizes.iter().map(&mut point);
        return sums.map(|sum| sum.unwrap_or_else(P::identity)).collect();
    }
    let added = P::add_all(&pairs);

    let mut added = added.iter();
    let mut next = Vec::with_capacity(points.len() - pairs.len());
    let mut rest = points;
    for &size in sizes {
        let (group, others) = rest.split_at(size);
        rest = others;
        next.extend(added.by_ref().take(size / 2));
        next.extend(group.as_chunks::<2>().1);
    }
    let sizes: Vec<_> = sizes.iter().map(|size| size.div_ceil(2)).collect();
    sums(&next, &sizes)
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
pub(super) fn signed_sums<P: Point>(points: &[P], signs: &[Signs], count: usize) -> Vec<P> {
    assert_eq!(points.len(), signs.len(), "one row of signs a point");
    let width = best_width(points.len(), count);
    let negated: Vec<_> = points.iter().map(P::negated).collect();
    let buckets = (0..count).step_by(width).map(|start| {
        let width = width.min(count - start);
        bucket(points, &negated, signs, start, width)
    });
    columns(buckets.collect())
}

/// The number of columns at once for which there are fewest additions.
fn best_width(points: usize, count: usize) -> usize {
    let cost = |width: &usize| count.div_ceil(*width) * (points + (1 << (width - 1)));
    (1..=14).min_by_key(cost).unwrap_or(1)
}

/// Sums of the points whose `width` signs are the same; the last sign is made a plus.
fn bucket<P: Point>(
    points: &[P],
    negated: &[P],
    signs: &[Signs],
    start: usize,
    width: usize,
) -> Vec<P> {
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
    let identity = P::identity();
    let mut sorted = vec![&identity; points.len()];
    for ((point, negated), row) in points.iter().zip(negated).zip(signs) {
        let (bucket, negative) = place(row);
        if let Some(end) = ends.get_mut(bucket) {
            if let Some(slot) = sorted.get_mut(*end) {
                *slot = if negative { negated } else { point };
            }
            *end += 1;
        }
    }
    sums(&sorted, &sizes)
}

/// From the sums by signs, of so many columns each, to the sum of each column: all of it less twice
/// what has a minus. All are done in step, so that inversions are shared.
fn columns<P: Point>(mut buckets: Vec<Vec<P>>) -> Vec<P> {
    // Of the columns of each, from the last but one to the first, what has a minus.
    let mut minus = vec![Vec::new(); buckets.len()];
    while buckets.iter().any(|left| left.len() > 1) {
        let (mut points, mut sizes) = (Vec::new(), Vec::new());
        for left in buckets.iter().filter(|left| left.len() > 1) {
            // The highest sign that is left: those with a minus, and then it no longer matters.
            let (lower, upper) = left.split_at(left.len() / 2);
            points.extend(upper);
            sizes.push(upper.len());
            for (p, q) in lower.iter().zip(upper) {
                points.extend([p, q]);
                sizes.push(2);
            }
        }
        let mut sums = sums(&points, &sizes).into_iter();
        for (left, minus) in buckets.iter_mut().zip(&mut minus) {
            if left.len() > 1 {
                minus.extend(sums.next());
                *left = sums.by_ref().take(left.len() / 2).collect();
            }
        }
    }

    let negated: Vec<Vec<P>> = minus
        .iter()
        .map(|minus| minus.iter().rev().map(P::negated).collect())
        .collect();
    let (mut points, mut sizes) = (Vec::new(), Vec::new());
    for (total, negated) in buckets.iter().zip(&negated) {
        for negated in negated {
            points.extend(total.iter().chain([negated, negated]));
            sizes.push(3);
        }
        points.extend(total);
        sizes.push(1);
    }
    sums(&points, &sizes)
}

/// For each triple of columns of signs `Σ (± 1 ± 2 ± 4)·P_i`.
pub(super) fn odd_sums<P: Point>(points: &[P], signs: &[Signs]) -> Vec<P> {
    let columns = signed_sums(points, signs, SIGNS - SIGNS % 3);
    let mut points = Vec::with_capacity(7 * columns.len() / 3);
    for [one, two, four] in columns.as_chunks::<3>().0 {
        points.extend([one, two, two, four, four, four, four]);
    }
    let sizes = vec![7; points.len() / 7];
    sums(&points, &sizes)
}

/// From a polynomial's values at `t` consecutive numbers, `t − 1` being its degree or more, the
/// values at the first of them and at the numbers after it, `count` in all: by forward
/// differences, `t − 1` additions a value.
pub(super) fn extrapolate<P: Point>(values: &[P], count: usize) -> Vec<P> {
    // Δ^j f at the first number.
    let mut differences = Vec::with_capacity(values.len());
    let mut level = values.to_vec();
    while let Some(first) = level.first() {
        differences.push(*first);
        let negated: Vec<_> = level.iter().map(P::negated).collect();
        let pairs: Vec<_> = level.iter().skip(1).zip(&negated).collect();
        level = P::add_all(&pairs);
    }

    let mut result = Vec::with_capacity(count);
    for _ in 0..count {
        result.extend(differences.first());
        let pairs: Vec<_> = differences.iter().zip(differences.iter().skip(1)).collect();
        let next = P::add_all(&pairs);
        let last = differences.last().copied();
        differences = next;
        differences.extend(last);
    }
    result
}

/// The value of each polynomial, given by its coefficients, at its number: by Horner's rule, all of
/// them in step. The cheaper the nearer the numbers are to 0.
pub(super) fn polynomials<P: Point>(polynomials: &[(&[P], i32)]) -> Vec<P> {
    let digits: Vec<_> = polynomials.iter().map(|(_, x)| small::digits(*x)).collect();
    let mut values = vec![P::identity(); polynomials.len()];
    let terms = polynomials.iter().map(|(terms, _)| terms.len()).max();
    for place in (0..terms.unwrap_or(0)).rev() {
        let mut begun = Vec::with_capacity(polynomials.len());
        let mut rest = Vec::with_capacity(polynomials.len());
        for ((value, digits), (coefficients, _)) in values.iter_mut().zip(&digits).zip(polynomials)
        {
            match coefficients.get(place) {
                Some(first) if coefficients.len() == place + 1 => *value = *first,
                Some(coefficient) => {
                    begun.push((value, digits.as_slice()));
                    rest.push(coefficient);
                }
                None => {}
            }
        }
        multiply(&mut begun);
        let pairs: Vec<_> = begun
            .iter()
            .zip(rest)
            .map(|((value, _), coefficient)| (&**value, coefficient))
            .collect();
        let sums = P::add_all(&pairs);
        for ((value, _), sum) in begun.into_iter().zip(sums) {
            *value = sum;
        }
    }
    values
}

/// Multiplies each point by the number that has these digits: all of them by doubling and adding,
/// in step from the highest digit on.
fn multiply<P: Point>(points: &mut [(&mut P, &[Digit])]) {
    let multiples: Vec<[P; 2]> = points
        .iter()
        .map(|(point, _)| [**point, point.negated()])
        .collect();
    let term = |digit: Option<&Digit>, [point, negative]: &[P; 2]| match digit {
        Some(Digit::One) => Some(*point),
        Some(Digit::MinusOne) => Some(*negative),
        Some(Digit::Zero) | None => None,
    };
    for ((point, digits), multiples) in points.iter_mut().zip(&multiples) {
        **point = term(digits.first(), multiples).unwrap_or_else(P::identity);
    }
    let longest = points.iter().map(|(_, digits)| digits.len()).max();
    for at in 1..longest.unwrap_or(0) {
        let mut active: Vec<_> = points
            .iter_mut()
            .zip(&multiples)
            .filter(|((_, digits), _)| at < digits.len())
            .map(|((point, digits), multiples)| (&mut **point, term(digits.get(at), multiples)))
            .collect();
        let pairs: Vec<_> = active
            .iter()
            .map(|(point, _)| (&**point, &**point))
            .collect();
        let doubles = P::add_all(&pairs);
        for ((point, _), double) in active.iter_mut().zip(doubles) {
            **point = double;
        }
        active.retain(|(_, term)| term.is_some());
        let pairs: Vec<_> = active
            .iter()
            .filter_map(|(point, term)| Some((&**point, term.as_ref()?)))
            .collect();
        let sums = P::add_all(&pairs);
        for ((point, _), sum) in active.into_iter().zip(sums) {
            *point = sum;
        }
    }
}

/// The values at `1..=count` of a polynomial with these coefficients.
pub(super) fn values<P: Point>(coefficients: &[P], count: u16) -> Vec<P> {
    let at = |first: i32, count: usize| {
        let places: Vec<_> = (first..).take(count).map(|x| (coefficients, x)).collect();
        polynomials(&places)
    };
    let count = usize::from(count);
    if coefficients.is_empty() || count <= coefficients.len() {
        return at(1, count);
    }
    // As many values as fix the polynomial, around 0; the others follow from them.
    let below = coefficients.len() / 2;
    let known = at(1 - i32::try_from(below).unwrap_or(0), coefficients.len());
    extrapolate(&known, below + count).split_off(below)
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
