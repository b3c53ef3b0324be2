//! EIP-4361 messages ("Sign-In with Ethereum"), read and written strictly.
//!
//! A wallet shows such a message to its owner, line by line, and signs it by
//! EIP-191. What is read here is written again byte for byte, so what was
//! signed and what was understood are the same.
//!
//! What is absent: what a message is for. See [`Session`](crate::authorization::Session).

mod grammar;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use alloy_primitives::{Address, B256, eip191_hash_message};
use jiff::Timestamp;

/// Most bytes of a message.
pub const MAX_BYTES: usize = 32 * 1024;

const GREETING: &str = " wants you to sign in with your Ethereum account:";

/// An EIP-4361 message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Who asks for the signature: an RFC 3986 authority, perhaps after a scheme.
    pub domain: Origin,
    /// The account that signs.
    pub address: Address,
    /// What the owner agrees to, in words.
    pub statement: Option<Statement>,
    /// What the message is about.
    pub uri: Uri,
    /// The chain on which a contract account lives.
    pub chain_id: u64,
    /// Makes the message unlike others.
    pub nonce: Nonce,
    /// When it was made.
    pub issued_at: Time,
    /// When it ceases to be valid.
    pub expiration_time: Option<Time>,
    /// When it begins to be valid.
    pub not_before: Option<Time>,
    /// The application's own name for it.
    pub request_id: Option<RequestId>,
    /// What it gives access to; an empty list is written otherwise than none.
    pub resources: Option<Vec<Uri>>,
}

/// Why a text is no EIP-4361 message.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SiweError {
    /// A line is missing, or not what has to stand there.
    #[error("line {line} of the message is not {expected}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What has to stand there.
        expected: &'static str,
    },
    /// Something follows after the end.
    #[error("line {line} of the message is one too many, or out of order")]
    TooMany {
        /// Which, from 1.
        line: usize,
    },
    /// More than [`MAX_BYTES`].
    #[error("the message has {0} bytes, at most {MAX_BYTES} are read")]
    TooLong(usize),
}

/// A field's text has not the form that the field has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it is not {0}")]
pub struct NotA(pub &'static str);

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $check:path, $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
        pub struct $name(String);

        impl $name {
            const WHAT: &'static str = $what;

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotA;

            fn from_str(text: &str) -> Result<Self, NotA> {
                $check(text).then(|| Self(text.to_owned())).ok_or(NotA(Self::WHAT))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// Who asks for a signature, such as `example.com:8080` or `https://example.com`.
    Origin, grammar::is_origin, "an RFC 3986 authority, perhaps after a scheme";
    /// Words of one line, in the characters of URIs and spaces.
    Statement, grammar::is_statement, "a line of URI characters and spaces";
    /// An RFC 3986 URI.
    Uri, grammar::is_uri, "an RFC 3986 URI";
    /// Eight letters and digits, or more.
    Nonce, grammar::is_nonce, "eight letters and digits or more";
    /// Characters of a URI's path segment, perhaps none.
    RequestId, grammar::is_request_id, "characters of a URI's path segment";
}

/// A moment as RFC 3339 writes it; the spelling is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Time {
    text: String,
    at: Timestamp,
}

impl Time {
    const WHAT: &'static str = "a time as RFC 3339 writes it";

    /// The moment of so many seconds of Unix time; none beyond the year 9999.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Option<Self> {
        let at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        at.to_string().parse().ok()
    }

    /// The moment.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it is not later than so many seconds of Unix time.
    #[must_use]
    pub fn has_come(&self, now: u64) -> bool {
        i64::try_from(now)
            .ok()
            .and_then(|now| Timestamp::from_second(now).ok())
            // Later than every moment that can be written.
            .is_none_or(|now| self.at <= now)
    }
}

impl FromStr for Time {
    type Err = NotA;

    fn from_str(text: &str) -> Result<Self, NotA> {
        if !grammar::is_time(text) {
            return Err(NotA(Self::WHAT));
        }
        let at = text.parse().map_err(|_| NotA(Self::WHAT))?;
        let text = text.to_owned();
        Ok(Self { text, at })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Message {
    /// What the account signs (EIP-191), and what EIP-1271 is asked about.
    #[must_use]
    pub fn digest(&self) -> B256 {
        eip191_hash_message(self.to_string())
    }

    /// Whether it is valid at `now`, Unix seconds: begun, and not over.
    #[must_use]
    pub fn is_valid_at(&self, now: u64) -> bool {
        let begun = self.not_before.as_ref().is_none_or(|at| at.has_come(now));
        let over = (self.expiration_time.as_ref()).is_some_and(|at| at.has_come(now));
        begun && !over
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{GREETING}\n{}\n\n", self.domain, self.address)?;
        if let Some(statement) = &self.statement {
            writeln!(f, "{statement}")?;
        }
        write!(f, "\nURI: {}\nVersion: 1\n", self.uri)?;
        write!(f, "Chain ID: {}\nNonce: {}\n", self.chain_id, self.nonce)?;
        write!(f, "Issued At: {}", self.issued_at)?;
        if let Some(time) = &self.expiration_time {
            write!(f, "\nExpiration Time: {time}")?;
        }
        if let Some(time) = &self.not_before {
            write!(f, "\nNot Before: {time}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, "\nRequest ID: {id}")?;
        }
        if let Some(resources) = &self.resources {
            f.write_str("\nResources:")?;
            for resource in resources {
                write!(f, "\n- {resource}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Message {
    type Err = SiweError;

    fn from_str(text: &str) -> Result<Self, SiweError> {
        if text.len() > MAX_BYTES {
            return Err(SiweError::TooLong(text.len()));
        }
        let mut lines = Lines::of(text);
        let domain = lines.text(|line| line.strip_suffix(GREETING), Origin::WHAT)?;
        let address = lines.next("an address with its checksum", |line| {
            Address::parse_checksummed(line, None).ok()
        })?;
        lines.blank()?;
        let statement = match lines.peek() {
            Some("") => None,
            _ => Some(lines.text(Some, Statement::WHAT)?),
        };
        lines.blank()?;
        let uri = lines.text(|line| line.strip_prefix("URI: "), "`URI: ` and a URI")?;
        lines.next("`Version: 1`", |line| (line == "Version: 1").then_some(()))?;
        let chain_id = lines.next("`Chain ID: ` and a chain id", |line| {
            let digits = line.strip_prefix("Chain ID: ")?;
            let id: u64 = digits.parse().ok()?;
            (id.to_string() == digits).then_some(id)
        })?;
        let nonce = lines.text(
            |line| line.strip_prefix("Nonce: "),
            "`Nonce: ` and eight letters and digits or more",
        )?;
        let issued_at = lines.text(
            |line| line.strip_prefix("Issued At: "),
            "`Issued At: ` and a time as RFC 3339 writes it",
        )?;
        let message = Self {
            domain,
            address,
            statement,
            uri,
            chain_id,
            nonce,
            issued_at,
            expiration_time: lines.optional("Expiration Time: ", Time::WHAT)?,
            not_before: lines.optional("Not Before: ", Time::WHAT)?,
            request_id: lines.optional("Request ID: ", RequestId::WHAT)?,
            resources: lines.resources()?,
        };
        match lines.peek() {
            None => Ok(message),
            Some(_) => Err(SiweError::TooMany {
                line: lines.number + 1,
            }),
        }
    }
}

/// The lines of a text, with the number of the one that was taken last.
struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Split<'a, char>>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text.split('\n').peekable(),
            number: 0,
        }
    }

    fn peek(&mut self) -> Option<&'a str> {
        self.rest.peek().copied()
    }

    fn next<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, SiweError> {
        self.number += 1;
        let line = self.number;
        (self.rest.next().and_then(read)).ok_or(SiweError::Line { line, expected })
    }

    fn text<T: FromStr>(
        &mut self,
        part: impl FnOnce(&'a str) -> Option<&'a str>,
        expected: &'static str,
    ) -> Result<T, SiweError> {
        self.next(expected, |line| part(line)?.parse().ok())
    }

    fn blank(&mut self) -> Result<(), SiweError> {
        self.next("empty", |line| line.is_empty().then_some(()))
    }

    fn optional<T: FromStr>(
        &mut self,
        label: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, SiweError> {
        match self.peek() {
            Some(line) if line.starts_with(label) => self
                .text(|line| line.strip_prefix(label), expected)
                .map(Some),
            _ => Ok(None),
        }
    }

    fn resources(&mut self) -> Result<Option<Vec<Uri>>, SiweError> {
        if self.peek() != Some("Resources:") {
            return Ok(None);
        }
        self.next("`Resources:`", Some)?;
        let mut resources = Vec::new();
        while self.peek().is_some() {
            resources.push(self.text(|line| line.strip_prefix("- "), "`- ` and a URI")?);
        }
        Ok(Some(resources))
    }
}
