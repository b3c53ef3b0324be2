//! Sessions: an hour in which a key asks for an account, after one signature of its owner.

use alloy_primitives::Address;
use stheno_crypto::NetworkId;

use super::{
    DelegateKey, Scope,
    scope::{MAX_SCOPE, word},
};
use crate::{
    ChainId, Code, Problem,
    request::CLOCK_TOLERANCE,
    siwe::{Message, Nonce, NotA, Origin, Time},
};

/// Longest life of a session, in seconds.
pub const MAX_SESSION: u64 = 3_600;
/// What a session's message says to the owner of the account.
pub const SESSION_STATEMENT: &str = "I let the key named below open files for me through Stheno, within the resources listed, until this expires.";

/// How the URI of a session's message begins; its key follows.
const URI: &str = "urn:stheno:session:";
/// How the resource that names the network begins.
const NETWORK: &str = "urn:stheno:network:";

/// What an account's owner signs to let a key ask for it. SPEC.md "Session".
///
/// Written as an EIP-4361 message ([`to_message`](Self::to_message)), which the
/// owner sees in their wallet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// The application that asks for the signature, which wallets compare with where they are.
    pub origin: Origin,
    /// The account.
    pub account: Address,
    /// The chain that the request's account names.
    pub chain: ChainId,
    /// The key that asks.
    pub key: DelegateKey,
    /// The committee that it may ask.
    pub network: NetworkId,
    /// What it may ask for.
    pub scope: Scope,
    /// When it was made, Unix seconds.
    pub issued_at: u64,
    /// When it ceases, at most [`MAX_SESSION`] later.
    pub expires_at: u64,
    /// Eight random letters and digits, or more.
    pub nonce: Nonce,
}

/// Why a session cannot be written.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// A time beyond the year 9999.
    #[error("a time of the session cannot be written")]
    Time,
    /// A part has not its form.
    #[error("a part of the session cannot be written: {0}")]
    Part(#[from] NotA),
}

impl Session {
    /// The message that the account signs.
    ///
    /// # Errors
    /// [`SessionError::Time`].
    pub fn to_message(&self) -> Result<Message, SessionError> {
        let network = format!("{NETWORK}{}", hex::encode(self.network.as_bytes()));
        let resources = std::iter::once(network).chain(self.scope.resources());
        let time = |seconds| Time::from_unix(seconds).ok_or(SessionError::Time);
        Ok(Message {
            domain: self.origin.clone(),
            address: self.account,
            statement: Some(SESSION_STATEMENT.parse()?),
            uri: format!("{URI}{}", self.key).parse()?,
            chain_id: self.chain,
            nonce: self.nonce.clone(),
            issued_at: time(self.issued_at)?,
            expiration_time: Some(time(self.expires_at)?),
            not_before: None,
            request_id: None,
            resources: Some(resources.map(|uri| uri.parse()).collect::<Result<_, _>>()?),
        })
    }

    /// Reads a session out of a message, whose times it leaves to [`check_times`](Self::check_times).
    ///
    /// # Errors
    /// `bad_authorization`, saying what is wrong.
    pub fn of_message(message: &Message) -> Result<Self, Problem> {
        let statement = message.statement.as_ref().map(|text| text.as_str());
        if statement != Some(SESSION_STATEMENT) {
            return Err(bad(format!("the statement is not `{SESSION_STATEMENT}`")));
        }
        let uri = message.uri.as_str();
        let key = uri
            .strip_prefix(URI)
            .ok_or_else(|| bad(format!("the URI is {uri}, and does not begin with {URI}")))?;
        let key: DelegateKey = key
            .parse()
            .map_err(|error| bad(format!("the URI names no key: {error}")))?;
        if message.request_id.is_some() || message.not_before.is_some() {
            return Err(bad(
                "the message has a Request ID or a Not Before, which sessions have not",
            ));
        }
        let resources = message.resources.as_deref().unwrap_or_default();
        if resources.len() > MAX_SCOPE + 1 {
            return Err(bad(format!(
                "the message names {} resources",
                resources.len()
            )));
        }
        let [network, entries @ ..] = resources else {
            return Err(bad("the message names no resources"));
        };
        let network = network.as_str().strip_prefix(NETWORK).and_then(word);
        let network = network.ok_or_else(|| {
            bad(format!(
                "the first resource is not {NETWORK} and 64 lower-case hex digits"
            ))
        })?;
        let mut scope = Scope::default();
        if let Some(unknown) = entries.iter().find(|entry| !scope.add(entry.as_str())) {
            return Err(bad(format!("the resource {unknown} is none of a scope")));
        }
        scope.check_size()?;
        let (issued_at, expires_at) = (&message.issued_at, message.expiration_time.as_ref());
        let expires_at = expires_at.ok_or_else(|| bad("the message never expires"))?;
        Ok(Self {
            origin: message.domain.clone(),
            account: message.address,
            chain: message.chain_id,
            key,
            network: NetworkId::from_bytes(network),
            scope,
            issued_at: whole_seconds(issued_at)?,
            expires_at: whole_seconds(expires_at)?,
            nonce: message.nonce.clone(),
        })
    }

    /// Checks its length, and that it has begun and is not over at `now`, Unix seconds.
    ///
    /// # Errors
    /// `bad_authorization`, `authorization_early`, `authorization_expired`.
    pub fn check_times(&self, now: u64) -> Result<(), Problem> {
        match self.expires_at.checked_sub(self.issued_at) {
            Some(1..=MAX_SESSION) => {}
            _ => {
                return Err(bad(format!(
                    "the session is from {} to {}; it lasts 1 to {MAX_SESSION} s",
                    self.issued_at, self.expires_at
                )));
            }
        }
        check_span(now, self.issued_at, self.expires_at, "session")
    }
}

/// Sessions begin and end with a second.
fn whole_seconds(time: &Time) -> Result<u64, Problem> {
    let seconds = u64::try_from(time.at().as_second()).ok();
    seconds
        .filter(|_| time.at().subsec_nanosecond() == 0)
        .ok_or_else(|| bad(format!("{time} is no whole second since 1970")))
}

/// Checks that `now` is within a span, which may begin a little later for want of equal clocks.
pub(super) fn check_span(now: u64, from: u64, until: u64, what: &str) -> Result<(), Problem> {
    if from > now.saturating_add(CLOCK_TOLERANCE) {
        return Err(Problem::new(
            Code::AuthorizationEarly,
            format!("the {what} begins in {} s by this node's clock", from - now),
        ));
    }
    if now >= until {
        return Err(Problem::new(
            Code::AuthorizationExpired,
            format!(
                "the {what} ended {} s ago by this node's clock",
                now - until
            ),
        ));
    }
    Ok(())
}

pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadAuthorization, detail)
}
