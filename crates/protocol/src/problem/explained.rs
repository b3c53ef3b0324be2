//! What a code means, for people: the words of `stheno help CODE` and of PROBLEMS.md.

/// Who can do something about a problem.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// Who asks, or the program that they use.
    Asker,
    /// Who wrote the policy.
    Author,
    /// Who made or handed out a file.
    File,
    /// A node, or its operator.
    Operator,
    /// A chain, or an endpoint of it.
    Chain,
    /// The reader's clock, or the node's.
    Clock,
    /// The machine that the command runs on.
    Machine,
    /// Nobody: it passes.
    Nobody,
}

impl Fault {
    /// In a few words, to follow "at fault:".
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asker => "who asks, or the program that they use",
            Self::Author => "the policy's author",
            Self::File => "who made the file, or handed it out",
            Self::Operator => "the node, or its operator",
            Self::Chain => "the chain, or an endpoint of it",
            Self::Clock => "a clock: the reader's, or the node's",
            Self::Machine => "this machine",
            Self::Nobody => "nobody; it passes",
        }
    }
}

/// A stable code, and what it means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Explained {
    /// The code as it is sent and printed.
    pub code: &'static str,
    /// Its meaning in a few words.
    pub title: &'static str,
    /// Who can do something about it.
    pub fault: Fault,
    /// What has happened.
    pub explanation: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// A list of [`Explained`]: code, [`Fault`], title, explanation, remedy, each entry closed by `;`.
#[macro_export]
macro_rules! explained {
    ($($code:literal, $fault:ident, $title:literal, $explanation:literal, $remedy:literal;)*) => {
        &[$($crate::problem::Explained {
            code: $code,
            title: $title,
            fault: $crate::problem::Fault::$fault,
            explanation: $explanation,
            remedy: $remedy,
        }),*]
    };
}

/// The code nearest to what was typed, if one is near enough to be meant.
#[must_use]
pub fn nearest_code<'a>(typed: &str, codes: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    crate::policy::nearest(typed, codes)
}
