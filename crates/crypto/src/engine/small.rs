//! Small whole numbers in the form in which fewest additions multiply by them.

/// A digit of the non-adjacent form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Digit {
    Zero,
    One,
    MinusOne,
}

/// The digits of `x` in base 2, highest first; of two neighbours one is 0. None for 0.
pub(super) fn digits(x: i32) -> Vec<Digit> {
    let mut rest = i64::from(x);
    let mut digits = Vec::new();
    while rest != 0 {
        let digit = match rest.rem_euclid(4) {
            1 => Digit::One,
            3 => Digit::MinusOne,
            _ => Digit::Zero,
        };
        rest -= match digit {
            Digit::Zero => 0,
            Digit::One => 1,
            Digit::MinusOne => -1,
        };
        rest /= 2;
        digits.push(digit);
    }
    digits.reverse();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_number_and_no_two_neighbours_count() {
        for x in (-70_000..70_000).chain([i32::MIN, i32::MAX]) {
            let digits = digits(x);
            let value = digits.iter().fold(0i64, |value, digit| {
                2 * value
                    + match digit {
                        Digit::Zero => 0,
                        Digit::One => 1,
                        Digit::MinusOne => -1,
                    }
            });
            assert_eq!(value, i64::from(x));
            for pair in digits.windows(2) {
                assert!(pair.contains(&Digit::Zero), "{x}");
            }
        }
    }
}
