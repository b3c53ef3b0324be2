//! Additions in G2, eight at a time, in affine coordinates.

use ark_bls12_381::{Fq2, G2Affine};
use ark_ec::AffineRepr;

use super::{
    super::{super::affine::Point, bulk::Crossing},
    Fp2Lanes, FpLanes, LANES, R_SQUARED, Words, present,
};

/// Groups of eight additions that share one inversion: more, and what is kept of them no longer
/// fits into the processor's second cache.
const SHARED: usize = 96;

/// A point in memory: `x0`, `x1`, `y0`, `y1` in Montgomery's form, each below `p`; all 0 is the
/// identity.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(in super::super) struct LanePoint([Words; 4]);

impl Point for LanePoint {
    fn identity() -> Self {
        Self([Words::ZERO; 4])
    }

    fn negated(&self) -> Self {
        let [x0, x1, y0, y1] = self.0;
        Self([x0, x1, y0.negated(), y1.negated()])
    }

    fn add_all(pairs: &[(&Self, &Self)]) -> Vec<Self> {
        assert!(present(), "points are in this form only where it serves");
        let mut sums = Vec::with_capacity(pairs.len().next_multiple_of(LANES));
        for pairs in pairs.chunks(SHARED * LANES) {
            // SAFETY: the processor has what the function needs.
            unsafe { add_all(pairs, &mut sums) };
        }
        sums
    }
}

impl Crossing for LanePoint {
    fn cross_in(points: &[G2Affine]) -> Vec<Self> {
        assert!(present(), "points are in this form only where it serves");
        // SAFETY: the processor has what the function needs.
        unsafe { enter(points) }
    }

    fn cross_out(points: &[Self]) -> Vec<G2Affine> {
        assert!(present(), "points are in this form only where it serves");
        // SAFETY: the processor has what the function needs.
        unsafe { leave(points) }
    }
}

/// Points in the lanes.
#[derive(Clone, Copy)]
struct PointLanes {
    x: Fp2Lanes,
    y: Fp2Lanes,
}

impl PointLanes {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn load(points: &[&LanePoint; LANES]) -> Self {
        Self {
            x: Self::load_x(points),
            y: Fp2Lanes {
                c0: coordinate::<2>(points),
                c1: coordinate::<3>(points),
            },
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn load_x(points: &[&LanePoint; LANES]) -> Fp2Lanes {
        Fp2Lanes {
            c0: coordinate::<0>(points),
            c1: coordinate::<1>(points),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn store(&self, points: &mut [LanePoint; LANES]) {
        let [a, b, c, d, e, f, g, h] = points;
        macro_rules! store {
            ($numbers:expr, $at:literal) => {
                $numbers.store([
                    &mut a.0[$at],
                    &mut b.0[$at],
                    &mut c.0[$at],
                    &mut d.0[$at],
                    &mut e.0[$at],
                    &mut f.0[$at],
                    &mut g.0[$at],
                    &mut h.0[$at],
                ]);
            };
        }
        store!(self.x.c0, 0);
        store!(self.x.c1, 1);
        store!(self.y.c0, 2);
        store!(self.y.c1, 3);
    }

    /// The coordinates are below 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn is_identity(&self) -> u8 {
        self.x.is_zero() & self.y.is_zero()
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn coordinate<const AT: usize>(points: &[&LanePoint; LANES]) -> FpLanes {
    let [a, b, c, d, e, f, g, h] = points;
    FpLanes::load([
        &a.0[AT], &b.0[AT], &c.0[AT], &d.0[AT], &e.0[AT], &f.0[AT], &g.0[AT], &h.0[AT],
    ])
}

/// Eight additions that wait for the inverses of their denominators.
#[derive(Clone, Copy)]
struct Slopes {
    numerator: Fp2Lanes,
    denominator: Fp2Lanes,
    /// In which lanes the sum is not found with a slope.
    special: u8,
}

impl Slopes {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn of(p: &PointLanes, q: &PointLanes) -> Self {
        // All below 2.
        let mut numerator = q.y.minus::<1>(&p.y);
        let mut denominator = q.x.minus::<1>(&p.x);
        let mut special = p.is_identity() | q.is_identity();
        let same = p.x.equal(&q.x) & !special;
        if same != 0 {
            // Opposite, or with y = 0, for which there is no tangent.
            special |= same & (!p.y.equal(&q.y) | p.y.is_zero());
            let double = same & !special;
            let square = p.x.squared();
            // Below 6 and 2.
            let tangent = square.plus(&square).plus(&square);
            numerator = numerator.or_where(double, &tangent);
            denominator = denominator.or_where(double, &p.y.plus(&p.y));
        }
        if special != 0 {
            denominator = denominator.or_where(special, &Fp2Lanes::one());
        }
        Self {
            numerator,
            denominator,
            special,
        }
    }
}

/// The sums of points with these slopes, which are below 2.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum(p: &PointLanes, q_x: &Fp2Lanes, slope: &Fp2Lanes) -> PointLanes {
    // Below 2 + 2.
    let x = slope.squared().minus::<2>(&p.x.plus(q_x)).canonical();
    // The product is below 2, the difference below 3.
    let y = slope.times(&p.x.minus::<1>(&x));
    let y = y.minus::<1>(&p.y).canonical();
    PointLanes { x, y }
}

/// Adds each pair, all with one inversion.
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_all(pairs: &[(&LanePoint, &LanePoint)], sums: &mut Vec<LanePoint>) {
    let identity = LanePoint::identity();
    let groups = pairs.len().div_ceil(LANES);
    // With each group's slopes, the product of all denominators before them.
    let mut product = Fp2Lanes::one();
    let mut waiting = Vec::with_capacity(groups);
    for pairs in pairs.chunks(LANES) {
        let [p, q] = rows(pairs, &identity);
        let slopes = Slopes::of(&PointLanes::load(&p), &PointLanes::load(&q));
        let before = product;
        product = product.times(&slopes.denominator);
        waiting.push((slopes, before));
    }

    let start = sums.len();
    sums.resize(start + LANES * groups, identity);
    let places = sums[start..].as_chunks_mut::<LANES>().0.iter_mut().rev();
    let mut inverse = product.inverses();
    for ((pairs, places), (slopes, before)) in pairs
        .chunks(LANES)
        .rev()
        .zip(places)
        .zip(waiting.iter().rev())
    {
        let [p, q] = rows(pairs, &identity);
        let slope = slopes.numerator.times(&inverse.times(before));
        inverse = inverse.times(&slopes.denominator);
        sum(&PointLanes::load(&p), &PointLanes::load_x(&q), &slope).store(places);
        if slopes.special != 0 {
            for (lane, (place, (p, q))) in places.iter_mut().zip(pairs).enumerate() {
                if slopes.special >> lane & 1 != 0 {
                    *place = special_sum(p, q);
                }
            }
        }
    }
    sums.truncate(start + pairs.len());
}

/// Up to eight pairs' first points and their second ones, and then `rest`.
fn rows<'a>(
    pairs: &[(&'a LanePoint, &'a LanePoint)],
    rest: &'a LanePoint,
) -> [[&'a LanePoint; LANES]; 2] {
    let [mut p, mut q] = [[rest; LANES]; 2];
    for (lane, (first, second)) in pairs.iter().enumerate() {
        (p[lane], q[lane]) = (first, second);
    }
    [p, q]
}

/// Where one is the identity, or they are opposite.
fn special_sum(p: &LanePoint, q: &LanePoint) -> LanePoint {
    let identity = LanePoint::identity();
    if *p == identity {
        *q
    } else if *q == identity {
        *p
    } else {
        identity
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn enter(points: &[G2Affine]) -> Vec<LanePoint> {
    let enter = FpLanes::everywhere(&R_SQUARED);
    let mut entered = Vec::with_capacity(points.len().next_multiple_of(LANES));
    for points in points.chunks(LANES) {
        let mut whole = [LanePoint::identity(); LANES];
        for (whole, point) in whole.iter_mut().zip(points) {
            if let Some((x, y)) = point.xy() {
                *whole = LanePoint([&x.c0, &x.c1, &y.c0, &y.c1].map(Words::whole));
            }
        }
        let PointLanes { x, y } = PointLanes::load(&whole.each_ref());
        let enter = |numbers: FpLanes| numbers.times(&enter).canonical();
        let [x, y] = [x, y].map(|number| Fp2Lanes {
            c0: enter(number.c0),
            c1: enter(number.c1),
        });
        PointLanes { x, y }.store(&mut whole);
        entered.extend(whole);
    }
    entered.truncate(points.len());
    entered
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn leave(points: &[LanePoint]) -> Vec<G2Affine> {
    let identity = LanePoint::identity();
    let mut left = Vec::with_capacity(points.len().next_multiple_of(LANES));
    for points in points.chunks(LANES) {
        let mut some = [&identity; LANES];
        for (some, point) in some.iter_mut().zip(points) {
            *some = point;
        }
        let lanes = PointLanes::load(&some);
        let (x, y): ([Fq2; LANES], [Fq2; LANES]) = (lanes.x.leave(), lanes.y.leave());
        left.extend(x.into_iter().zip(y).map(|(x, y)| match (x, y) {
            (x, y) if x == Fq2::default() && y == Fq2::default() => G2Affine::zero(),
            (x, y) => G2Affine::new_unchecked(x, y),
        }));
    }
    left.truncate(points.len());
    left
}
