//! A bounded search for a good set among shares that cannot be checked singly. SPEC.md §6.

/// Sets that are tried before giving up: one wrong share is always got around, two up to a
/// threshold of 43, three up to 16.
pub(crate) const MAX_ATTEMPTS: usize = 1024;

/// Tries sets of `take` items, those first that leave out fewest of the earliest, until `attempt`
/// makes a result.
pub(crate) fn search<T: Copy, R>(
    items: &[T],
    take: usize,
    attempt: impl Fn(&[T]) -> Option<R>,
) -> Option<R> {
    let spare = items.len().checked_sub(take)?;
    let mut attempts = 0;
    for omitted in 0..=spare {
        let window = items.get(..take + omitted)?;
        let mut omit: Vec<usize> = (0..omitted).collect();
        loop {
            if attempts == MAX_ATTEMPTS {
                return None;
            }
            attempts += 1;
            let set: Vec<T> = window
                .iter()
                .enumerate()
                .filter(|(position, _)| !omit.contains(position))
                .map(|(_, item)| *item)
                .collect();
            if let Some(result) = attempt(&set) {
                return Some(result);
            }
            if !next_combination(&mut omit, window.len()) {
                break;
            }
        }
    }
    None
}

/// Steps to the next ascending combination of positions below `bound`, in lexicographic order.
fn next_combination(positions: &mut [usize], bound: usize) -> bool {
    let count = positions.len();
    for slot in (0..count).rev() {
        let Some((head, tail)) = positions.get_mut(slot..).and_then(<[_]>::split_first_mut) else {
            return false;
        };
        if *head < bound - (count - slot) {
            *head += 1;
            for (position, next) in tail.iter_mut().zip(*head + 1..) {
                *position = next;
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_finds_any_good_set_of_a_small_committee() {
        for wrong in 0u32..1 << 7 {
            let good = 7 - wrong.count_ones() as usize;
            let found = search(&[0, 1, 2, 3, 4, 5, 6], 3, |set| {
                assert_eq!(set.len(), 3);
                set.iter().all(|item| wrong >> item & 1 == 0).then_some(())
            });
            assert_eq!(found.is_some(), good >= 3, "{wrong:07b}");
        }
    }

    #[test]
    fn search_gets_around_one_wrong_share_of_the_largest_committee() {
        let items: Vec<usize> = (0..256).collect();
        for wrong in 0..172 {
            let found = search(&items, 171, |set| (!set.contains(&wrong)).then_some(()));
            assert!(found.is_some(), "{wrong}");
        }
    }

    #[test]
    fn search_gives_up_when_there_are_too_many_sets() {
        let attempts = core::cell::Cell::new(0);
        let items = [0; 64];
        let found: Option<()> = search(&items, 32, |_| {
            attempts.set(attempts.get() + 1);
            None
        });
        assert!(found.is_none());
        assert_eq!(attempts.get(), MAX_ATTEMPTS);
    }
}
