//! What an owner lets others do.

use std::{fmt, ops::BitOr, str::FromStr};

/// A set of roles: `Roles` of `contracts/src/types/AccessTypes.sol`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Set the terms.
    pub const TERMS: Self = Self(1);
    /// Grant and revoke.
    pub const GRANTS: Self = Self(2);
    /// Begin periods.
    pub const PERIODS: Self = Self(4);
    /// Set prices and list in catalogues.
    pub const SALES: Self = Self(8);
    /// All of the above, and give them to others. Not: transfer ownership, name delegates.
    pub const DELEGATE: Self = Self(16);

    const NAMES: [(Self, &str); 5] = [
        (Self::TERMS, "terms"),
        (Self::GRANTS, "grants"),
        (Self::PERIODS, "periods"),
        (Self::SALES, "sales"),
        (Self::DELEGATE, "delegate"),
    ];

    /// The registry's number for it; bits that are no roles are left out.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }

    /// The registry's number for it.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The names of those that are in it.
    pub fn names(self) -> Vec<&'static str> {
        let held = Self::NAMES.iter().filter(|(role, _)| self.0 & role.0 != 0);
        held.map(|(_, name)| *name).collect()
    }
}

impl BitOr for Roles {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.names().as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&names.join(", ")),
        }
    }
}

/// One role by its name, or `none`.
impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(_, name)| *name == text);
        match found {
            Some((role, _)) => Ok(*role),
            None if text == "none" => Ok(Self::NONE),
            None => Err(format!(
                "`{text}` is no role; there are terms, grants, periods, sales, delegate, and none"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_have_names_and_bits() {
        let some = Roles::TERMS | Roles::DELEGATE;
        assert_eq!(
            (some.bits(), some.to_string().as_str()),
            (17, "terms, delegate")
        );
        assert_eq!("periods".parse(), Ok(Roles::PERIODS));
        assert_eq!("none".parse(), Ok(Roles::NONE));
        assert_eq!(Roles::NONE.to_string(), "none");
        assert!("all".parse::<Roles>().is_err());
        assert_eq!(Roles::from_bits(0xff).bits(), 31);
    }
}
