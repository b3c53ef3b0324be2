//! Fp2, eight at a time.

use ::blst::blst_fp2_eucl_inverse;
use ark_bls12_381::Fq2;

use super::{
    super::crossing::{from_fp2, to_fp2},
    FpLanes, LANES, ONE, R_SQUARED, Words, sum_of_products,
};

/// Eight numbers `c0 + c1·i` with `i² = −1`. What is said of bounds holds for both coordinates.
#[derive(Clone, Copy)]
pub(in super::super) struct Fp2Lanes {
    pub(in super::super) c0: FpLanes,
    pub(in super::super) c1: FpLanes,
}

impl Fp2Lanes {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn one() -> Self {
        Self {
            c0: FpLanes::everywhere(&ONE),
            c1: FpLanes::zero(),
        }
    }

    /// As [`FpLanes::enter`].
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn enter(numbers: &[Fq2; LANES]) -> Self {
        Self {
            c0: FpLanes::enter(&numbers.each_ref().map(|number| number.c0)),
            c1: FpLanes::enter(&numbers.each_ref().map(|number| number.c1)),
        }
    }

    /// As [`FpLanes::leave`].
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn leave(&self) -> [Fq2; LANES] {
        let (c0, c1) = (self.c0.leave(), self.c1.leave());
        let mut numbers = [Fq2::default(); LANES];
        for (number, (c0, c1)) in numbers.iter_mut().zip(c0.into_iter().zip(c1)) {
            *number = Fq2::new(c0, c1);
        }
        numbers
    }

    /// As [`FpLanes::plus`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn plus(&self, other: &Self) -> Self {
        Self {
            c0: self.c0.plus(&other.c0),
            c1: self.c1.plus(&other.c1),
        }
    }

    /// As [`FpLanes::minus`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn minus<const K: u64>(&self, other: &Self) -> Self {
        Self {
            c0: self.c0.minus::<K>(&other.c0),
            c1: self.c1.minus::<K>(&other.c1),
        }
    }

    /// Numbers below 8: the products are below 2.
    ///
    /// `a0·b0 + a1·(8p − b1)` and `a0·b1 + a1·b0`, each reduced once: with factors below 8 and 8,
    /// or 8 and at most 8 (`8p` itself, for 0), the bounds add up to 128.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn times(&self, other: &Self) -> Self {
        let opposite = FpLanes::zero().minus::<8>(&other.c1);
        Self {
            c0: sum_of_products([(&self.c0, &other.c0), (&self.c1, &opposite)]),
            c1: sum_of_products([(&self.c0, &other.c1), (&self.c1, &other.c0)]),
        }
    }

    /// Numbers below 8: the squares are below 2.
    ///
    /// `(a0 + a1)·(a0 − a1 + 8p)` and `2·a0·a1`: factors below 16 and 16, and 16 and 8.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn squared(&self) -> Self {
        let (sum, difference) = (self.c0.plus(&self.c1), self.c0.minus::<8>(&self.c1));
        Self {
            c0: sum.times(&difference),
            c1: self.c0.plus(&self.c0).times(&self.c1),
        }
    }

    /// As [`FpLanes::canonical`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn canonical(&self) -> Self {
        Self {
            c0: self.c0.canonical(),
            c1: self.c1.canonical(),
        }
    }

    /// In the lanes of the mask, the other's numbers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn or_where(&self, lanes: u8, other: &Self) -> Self {
        Self {
            c0: self.c0.or_where(lanes, &other.c0),
            c1: self.c1.or_where(lanes, &other.c1),
        }
    }

    /// In which lanes the words are the same: the numbers, if all are below 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn equal(&self, other: &Self) -> u8 {
        self.c0.equal(&other.c0) & self.c1.equal(&other.c1)
    }

    /// In which lanes the number is 0; all are below 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn is_zero(&self) -> u8 {
        let zero = FpLanes::zero();
        self.c0.equal(&zero) & self.c1.equal(&zero)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn rotated<const BY: i32>(&self) -> Self {
        Self {
            c0: self.c0.rotated::<BY>(),
            c1: self.c1.rotated::<BY>(),
        }
    }

    /// The inverses of numbers below 8, none of which is 0; they are below 2.
    ///
    /// One inversion for all eight: of the product of all, found by halves.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(super) fn inverses(&self) -> Self {
        let two = self.times(&self.rotated::<4>());
        let four = two.times(&two.rotated::<2>());
        let all = four.times(&four.rotated::<1>());
        let inverse = Self::everywhere(&inverse(&all.first()));
        inverse
            .times(&four.rotated::<1>())
            .times(&two.rotated::<2>())
            .times(&self.rotated::<4>())
    }

    /// The first lane's number; takes numbers below 2^32.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn first(&self) -> Fq2 {
        let mut numbers = [[Words::ZERO; LANES]; 2];
        self.c0.whole().store(numbers[0].each_mut());
        self.c1.whole().store(numbers[1].each_mut());
        Fq2::new(numbers[0][0].number(), numbers[1][0].number())
    }

    /// This number in every lane.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(in super::super) fn everywhere(number: &Fq2) -> Self {
        let enter = FpLanes::everywhere(&R_SQUARED);
        Self {
            c0: FpLanes::everywhere(&Words::whole(&number.c0)).times(&enter),
            c1: FpLanes::everywhere(&Words::whole(&number.c1)).times(&enter),
        }
    }
}

/// By blst, whose inversion is the faster one.
fn inverse(number: &Fq2) -> Fq2 {
    let mut inverse = to_fp2(&Fq2::default());
    // SAFETY: reads one element, writes one.
    unsafe { blst_fp2_eucl_inverse(&mut inverse, &to_fp2(number)) };
    from_fp2(&inverse)
}
