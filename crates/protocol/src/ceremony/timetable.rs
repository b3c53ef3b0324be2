//! When each phase of a ceremony opens and closes.

use super::Windows;

/// A phase of a running ceremony.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[repr(u8)]
pub enum Phase {
    /// Dealers deal.
    Deal = 0,
    /// Receivers complain.
    Complain = 1,
    /// Dealers answer.
    Answer = 2,
    /// Receivers confirm.
    Confirm = 3,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 4] = [Self::Deal, Self::Complain, Self::Answer, Self::Confirm];

    /// This phase's window.
    #[must_use]
    pub const fn window(self, windows: &Windows) -> u32 {
        match self {
            Self::Deal => windows.deal,
            Self::Complain => windows.complain,
            Self::Answer => windows.answer,
            Self::Confirm => windows.confirm,
        }
    }
}

/// Most times that one phase may be extended.
pub const MAX_EXTENSIONS: u8 = 8;

/// Blocks of a ceremony's phases; a message is accepted in `[opens, closes)`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timetable {
    /// First block of each phase.
    pub opens: [u64; 4],
    /// Block after the last of each phase.
    pub closes: [u64; 4],
}

impl Timetable {
    /// First block in which ceremony keys and approvals are too late: `proposed + max(20 · deal, 100)`.
    #[must_use]
    pub fn consent_closes(proposed: u64, windows: &Windows) -> u64 {
        proposed.saturating_add(patience(windows.deal))
    }

    /// First block of the first phase, when the last approval needed came in block `approved`.
    #[must_use]
    pub fn start(approved: u64, windows: &Windows) -> u64 {
        approved.saturating_add(u64::from(windows.consent_delay.max(1)))
    }

    /// The timetable of a ceremony whose first phase opens in block `start`.
    #[must_use]
    pub fn new(start: u64, windows: &Windows) -> Self {
        let mut timetable = Self {
            opens: [0; 4],
            closes: [0; 4],
        };
        let mut open = start;
        for ((phase, opens), closes) in Phase::ALL
            .into_iter()
            .zip(&mut timetable.opens)
            .zip(&mut timetable.closes)
        {
            *opens = open;
            *closes = open.saturating_add(u64::from(phase.window(windows)));
            open = closes.saturating_add(u64::from(windows.margin));
        }
        timetable
    }

    /// Moves the end of `phase`, and all that comes later, by one window of that phase.
    pub fn extend(&mut self, phase: Phase, windows: &Windows) {
        let by = u64::from(phase.window(windows));
        let at = phase as usize;
        for closes in self.closes.iter_mut().skip(at) {
            *closes = closes.saturating_add(by);
        }
        for opens in self.opens.iter_mut().skip(at + 1) {
            *opens = opens.saturating_add(by);
        }
    }

    /// The phase that accepts messages in `block`; none before, between and after.
    #[must_use]
    pub fn phase_at(&self, block: u64) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .zip(self.opens.iter().zip(&self.closes))
            .find(|(_, (opens, closes))| (**opens..**closes).contains(&block))
            .map(|(phase, _)| phase)
    }

    /// First and last-plus-one block of `phase`.
    #[must_use]
    pub fn window(&self, phase: Phase) -> (u64, u64) {
        let [o0, o1, o2, o3] = self.opens;
        let [c0, c1, c2, c3] = self.closes;
        match phase {
            Phase::Deal => (o0, c0),
            Phase::Complain => (o1, c1),
            Phase::Answer => (o2, c2),
            Phase::Confirm => (o3, c3),
        }
    }

    /// First block in which the epoch may be activated.
    #[must_use]
    pub const fn activation(&self) -> u64 {
        let [.., confirm] = self.closes;
        confirm
    }

    /// First block in which a ceremony that has its quorum may be given up, since nobody activated it.
    #[must_use]
    pub fn activation_closes(&self, windows: &Windows) -> u64 {
        self.activation().saturating_add(patience(windows.confirm))
    }
}

/// Blocks that people need to act in: twenty windows, a hundred at least.
fn patience(window: u32) -> u64 {
    (20 * u64::from(window)).max(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOWS: Windows = Windows {
        deal: 4,
        complain: 5,
        answer: 6,
        confirm: 7,
        margin: 3,
        consent_delay: 0,
    };

    #[test]
    fn phases_follow_each_other_with_a_margin() {
        let start = Timetable::start(99, &WINDOWS);
        assert_eq!(start, 100);
        let timetable = Timetable::new(start, &WINDOWS);
        assert_eq!(timetable.opens, [100, 107, 115, 124]);
        assert_eq!(timetable.closes, [104, 112, 121, 131]);
        assert_eq!(timetable.activation(), 131);
        let at = |block| timetable.phase_at(block);
        assert_eq!(at(99), None);
        assert_eq!(at(100), Some(Phase::Deal));
        assert_eq!(at(103), Some(Phase::Deal));
        assert_eq!(at(104), None);
        assert_eq!(at(107), Some(Phase::Complain));
        assert_eq!(at(120), Some(Phase::Answer));
        assert_eq!(at(130), Some(Phase::Confirm));
        assert_eq!(at(131), None);
    }

    #[test]
    fn extension_moves_the_end_of_its_phase_and_everything_later() {
        let mut timetable = Timetable::new(100, &WINDOWS);
        timetable.extend(Phase::Complain, &WINDOWS);
        assert_eq!(timetable.opens, [100, 107, 120, 129]);
        assert_eq!(timetable.closes, [104, 117, 126, 136]);
    }

    #[test]
    fn people_have_twenty_windows_and_a_hundred_blocks_at_least() {
        assert_eq!(Timetable::consent_closes(50, &WINDOWS), 150);
        let windows = Windows { deal: 6, ..WINDOWS };
        assert_eq!(Timetable::consent_closes(50, &windows), 170);
        let timetable = Timetable::new(100, &WINDOWS);
        assert_eq!(timetable.activation_closes(&WINDOWS), 131 + 140);
    }

    #[test]
    fn consent_delay_postpones_the_start() {
        let windows = Windows {
            consent_delay: 20,
            ..WINDOWS
        };
        assert_eq!(Timetable::start(100, &windows), 120);
    }
}
