//! Kleene's strong three-valued logic.

use serde::{Deserialize, Serialize};

/// True, false, or unknown because something went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It could not be told.
    Unknown,
}

impl Truth {
    /// True only if all are true; false as soon as one is false.
    #[must_use]
    pub fn all(of: impl IntoIterator<Item = Self>) -> Self {
        let of: Vec<Self> = of.into_iter().collect();
        Self::at_least(of.len(), of)
    }

    /// True as soon as one is true; false only if all are false.
    #[must_use]
    pub fn any(of: impl IntoIterator<Item = Self>) -> Self {
        Self::at_least(1, of)
    }

    /// True as soon as `k` are true; false once `k` cannot be reached any more.
    #[must_use]
    pub fn at_least(k: usize, of: impl IntoIterator<Item = Self>) -> Self {
        let (mut yes, mut maybe) = (0_usize, 0_usize);
        for truth in of {
            match truth {
                Self::True => yes += 1,
                Self::Unknown => maybe += 1,
                Self::False => {}
            }
        }
        if yes >= k {
            Self::True
        } else if yes + maybe < k {
            Self::False
        } else {
            Self::Unknown
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}
