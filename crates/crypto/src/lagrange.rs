//! Lagrange coefficients at 0 over a set of node indices. SPEC.md §6.

use ark_bls12_381::Fr;
use ark_ff::{BigInteger, Field, One, PrimeField, batch_inversion};

use crate::NodeIndex;

/// `λ_i = Π_{j≠i} x_j / (x_j − x_i)` for each of these distinct indices, in their order.
pub(crate) fn at_zero(indices: &[NodeIndex]) -> Vec<Fr> {
    let mut all = Product::new();
    indices.iter().for_each(|x| all.multiply(x.get(), false));
    let all = all.finish();

    // λ_i = (Π_j x_j) / (x_i · Π_{j≠i} (x_j − x_i)): one inversion for all of them.
    let mut coefficients: Vec<Fr> = indices
        .iter()
        .map(|x| {
            let mut denominator = Product::new();
            denominator.multiply(x.get(), false);
            for other in indices.iter().filter(|other| *other != x) {
                denominator.multiply(other.get().abs_diff(x.get()), other < x);
            }
            denominator.finish()
        })
        .collect();
    batch_inversion(&mut coefficients);
    coefficients.iter_mut().for_each(|value| *value *= all);
    coefficients
}

/// The same coefficients as small whole numbers and one common factor: `λ_i = scale · w_i`.
///
/// Sums of products cost in proportion to the length of their numbers. For 3 nodes of 5 these
/// have 4 bits and for 43 of 64 about 95, where the coefficients themselves have 255.
pub(crate) struct Small {
    /// `|w_i|`, and whether `w_i` is negative.
    pub(crate) weights: Vec<(u128, bool)>,
    pub(crate) scale: Fr,
}

/// The coefficients as whole numbers with a sign, as short as can be had, and a common factor
/// where that shortens them: `λ_i = scale · (± w_i)`.
///
/// Of nodes `1..=t` they are the binomials `± (t over i)`: 40 bits for 43 nodes, 168 for 171.
pub(crate) struct Signed {
    /// `w_i`, and whether it is negative.
    pub(crate) weights: Vec<(Fr, bool)>,
    pub(crate) scale: Option<Fr>,
}

/// [`Signed`] coefficients.
pub(crate) fn signed_at_zero(indices: &[NodeIndex]) -> Signed {
    let weights: Vec<_> = at_zero(indices)
        .into_iter()
        .map(|coefficient| {
            let opposite = -coefficient;
            if opposite < coefficient {
                (opposite, true)
            } else {
                (coefficient, false)
            }
        })
        .collect();
    let bits = |weights: &[(Fr, bool)]| {
        let bits = weights.iter().map(|(w, _)| w.into_bigint().num_bits());
        bits.max().unwrap_or(0)
    };
    if let Some(small) = small_at_zero(indices) {
        let shorter: Vec<_> = small
            .weights
            .iter()
            .map(|&(weight, negative)| (Fr::from(weight), negative))
            .collect();
        // The factor is a multiplication more.
        if bits(&shorter) + 32 < bits(&weights) {
            return Signed {
                weights: shorter,
                scale: Some(small.scale),
            };
        }
    }
    Signed {
        weights,
        scale: None,
    }
}

/// The largest index for which [`small_at_zero`] tries.
const SMALL_INDEX: u16 = 1024;

/// [`Small`] coefficients, where they have at most 128 bits.
///
/// With `d_i = x_i · Π_{j≠i} |x_j − x_i|` and `L = lcm(d_i)`, all by their prime exponents:
/// `w_i = ± L / d_i` and `scale = Π x_j / L`.
pub(crate) fn small_at_zero(indices: &[NodeIndex]) -> Option<Small> {
    let most = indices.iter().max()?.get();
    if most > SMALL_INDEX || indices.len() > 64 {
        return None;
    }
    let factors = smallest_factors(most);
    let exponents = |numbers: &mut dyn Iterator<Item = u16>| {
        let mut exponents = vec![0u16; factors.len()];
        for mut number in numbers {
            while let Some(&prime) = factors.get(usize::from(number)).filter(|_| number > 1) {
                *exponents.get_mut(usize::from(prime))? += 1;
                number /= prime;
            }
        }
        Some(exponents)
    };
    let denominators = indices
        .iter()
        .map(|x| {
            let differences = indices.iter().filter(|other| *other != x);
            let mut numbers = differences
                .map(|other| other.get().abs_diff(x.get()))
                .chain([x.get()]);
            exponents(&mut numbers)
        })
        .collect::<Option<Vec<_>>>()?;
    let mut lcm = vec![0u16; factors.len()];
    for denominator in &denominators {
        for (most, exponent) in lcm.iter_mut().zip(denominator) {
            *most = (*most).max(*exponent);
        }
    }
    let weights = indices
        .iter()
        .zip(&denominators)
        .map(|(x, denominator)| {
            let mut weight = 1u128;
            for ((prime, most), exponent) in (0u128..).zip(&lcm).zip(denominator) {
                let power = prime.checked_pow(u32::from(most - exponent))?;
                weight = weight.checked_mul(power)?;
            }
            // Each smaller index is a negative difference.
            let smaller = indices.iter().filter(|other| *other < x).count();
            Some((weight, smaller % 2 == 1))
        })
        .collect::<Option<Vec<_>>>()?;

    let mut product = Product::new();
    indices
        .iter()
        .for_each(|x| product.multiply(x.get(), false));
    let mut lcm_value = Product::new();
    for (prime, exponent) in (0u16..).zip(&lcm) {
        for _ in 0..*exponent {
            lcm_value.multiply(prime, false);
        }
    }
    let scale = product.finish() * lcm_value.finish().inverse()?;
    Some(Small { weights, scale })
}

/// For each number up to `most`, its smallest prime factor.
fn smallest_factors(most: u16) -> Vec<u16> {
    let mut factors: Vec<u16> = (0..=most).collect();
    for factor in (2..=most).take_while(|factor| u32::from(*factor).pow(2) <= u32::from(most)) {
        let multiples = factors.iter_mut().skip(usize::from(factor).pow(2));
        for (number, smallest) in (factor.pow(2)..).zip(multiples) {
            if number % factor == 0 && *smallest == number {
                *smallest = factor;
            }
        }
    }
    factors
}

/// A product of small signed numbers, gathered in machine words before it meets the field:
/// for 171 indices this is what keeps the coefficients under a tenth of a millisecond.
struct Product {
    field: Fr,
    word: u64,
    negative: bool,
}

impl Product {
    fn new() -> Self {
        Self {
            field: Fr::one(),
            word: 1,
            negative: false,
        }
    }

    fn multiply(&mut self, factor: u16, negative: bool) {
        self.negative ^= negative;
        self.word = match self.word.checked_mul(u64::from(factor)) {
            Some(word) => word,
            None => {
                self.field *= Fr::from(self.word);
                u64::from(factor)
            }
        };
    }

    fn finish(self) -> Fr {
        let value = self.field * Fr::from(self.word);
        if self.negative { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::Zero;

    use super::*;

    fn indices(numbers: impl IntoIterator<Item = u16>) -> Vec<NodeIndex> {
        numbers
            .into_iter()
            .map(|number| NodeIndex::new(number).unwrap())
            .collect()
    }

    #[test]
    fn coefficients_match_the_textbook_formula() {
        for set in [
            indices([1]),
            indices([3, 1, 2]),
            indices([65535, 2, 65534, 1]),
            indices((1..=200).rev()),
        ] {
            let expected: Vec<Fr> = set
                .iter()
                .map(|i| {
                    set.iter()
                        .filter(|j| *j != i)
                        .map(|j| {
                            let (i, j) = (Fr::from(i.get()), Fr::from(j.get()));
                            j * (j - i).inverse().unwrap()
                        })
                        .product()
                })
                .collect();
            assert_eq!(at_zero(&set), expected);
        }
    }

    #[test]
    fn coefficients_recover_the_constant_of_any_polynomial_of_lower_degree() {
        let set = indices([7, 300, 2, 19, 65535]);
        let coefficients: Vec<Fr> = (0..5u64).map(|k| Fr::from(k * k + 11)).collect();
        let sum = set
            .iter()
            .zip(at_zero(&set))
            .fold(Fr::zero(), |sum, (x, lambda)| {
                let x = Fr::from(x.get());
                let value = coefficients
                    .iter()
                    .rev()
                    .fold(Fr::zero(), |value, c| value * x + c);
                sum + lambda * value
            });
        assert_eq!(sum, coefficients[0]);
    }

    #[test]
    fn small_coefficients_are_the_same_coefficients() {
        let mut longest = 0;
        for set in [
            indices([1]),
            indices([5]),
            indices([3, 1, 2]),
            indices([5, 2, 4]),
            indices([1024, 1, 1023]),
            indices((1..=64).rev().filter(|x| x % 3 != 0)),
            indices([17, 2, 9, 30, 31, 32, 8]),
        ] {
            let small = small_at_zero(&set).unwrap();
            let scaled: Vec<Fr> = small
                .weights
                .iter()
                .map(|(weight, negative)| {
                    let value = Fr::from(*weight) * small.scale;
                    if *negative { -value } else { value }
                })
                .collect();
            assert_eq!(scaled, at_zero(&set));
            longest = longest.max(small.weights.iter().map(|(w, _)| *w).max().unwrap());
        }
        assert!(longest > u128::from(u64::MAX));
        for too_much in [
            indices([1025]),
            indices(1..=65),
            indices((1..=64).map(|x| x * 16)),
        ] {
            let small = small_at_zero(&too_much);
            assert!(small.is_none_or(|small| small.weights.len() <= 64));
        }
        assert!(small_at_zero(&indices((1..=1024).step_by(17))).is_none());
    }

    #[test]
    fn signed_coefficients_are_the_same_coefficients_and_short() {
        for (set, most_bits) in [
            (indices([1]), 1),
            (indices([3, 1, 2]), 2),
            (indices(1..=43), 40),
            (indices((1..=44).filter(|x| *x != 7)), 64),
            (indices(1..=171), 168),
            (indices((1..=172).filter(|x| *x != 7)), 254),
            (indices([65535, 2, 65534, 1]), 254),
        ] {
            let signed = signed_at_zero(&set);
            let scale = signed.scale.unwrap_or(Fr::one());
            let value = |(weight, negative): &(Fr, bool)| {
                let value = *weight * scale;
                if *negative { -value } else { value }
            };
            let values: Vec<Fr> = signed.weights.iter().map(value).collect();
            assert_eq!(values, at_zero(&set));
            let bits = signed
                .weights
                .iter()
                .map(|(w, _)| w.into_bigint().num_bits());
            let bits = bits.max().unwrap();
            assert!(bits <= most_bits, "{bits} bits, {most_bits} expected");
        }
    }

    #[test]
    fn smallest_factors_are_prime_and_smallest() {
        for (number, factor) in smallest_factors(1024).into_iter().enumerate().skip(2) {
            let expected = (2..=number).find(|divisor| number % divisor == 0).unwrap();
            assert_eq!(usize::from(factor), expected);
        }
    }
}
