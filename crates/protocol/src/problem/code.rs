//! All problem codes, in one place: what is sent, what is printed, what helps.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Explained, Fault};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal, $retryable:ident,
        $fault:ident, $title:literal, $explanation:literal, $remedy:literal;)*) => {
        /// A stable name for a way to be refused.
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
        pub enum Code {
            $(#[doc = $explanation] $name,)*
            /// A code that this version does not know, from a newer node.
            Unrecognized,
        }

        impl Code {
            /// Every code, in the order of a node's checks.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* Self::Unrecognized => "unrecognized" }
            }

            /// HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* Self::Unrecognized => 500 }
            }

            /// Whether the same reader may succeed with a fresh request and nothing else changed.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => codes!(@ $retryable),)* Self::Unrecognized => false }
            }

            /// The code's meaning in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* Self::Unrecognized => "Unrecognized problem" }
            }

            /// Who can do something about it.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$name => Fault::$fault,)* Self::Unrecognized => Fault::Nobody }
            }

            /// What has happened, for people.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$name => $explanation,)*
                    Self::Unrecognized => "The node answered with a code that this version does not know.",
                }
            }

            /// What to do about it, for people.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)*
                    Self::Unrecognized => "Update this program; the node's own words are in the detail.",
                }
            }
        }
    };
    (@ retry) => { true };
    (@ no) => { false };
}

codes! {
    // What cannot be read.
    TooLarge = "too_large", 413, no, Asker, "Request too large",
        "The body is larger than the node accepts.",
        "Ask for fewer items, or use a smaller policy or context.";
    Malformed = "malformed", 400, no, Asker, "Malformed request",
        "The body is not the JSON of a request: a field is missing, unknown, of the wrong type or of the wrong length.",
        "The detail names the field. SPEC.md of stheno-protocol has the format.";
    NotFound = "not_found", 404, no, Asker, "No such resource",
        "The node serves nothing under this path.",
        "Check the endpoint's URL; the paths begin with /v1.";
    MethodNotAllowed = "method_not_allowed", 405, no, Asker, "Method not allowed",
        "The path exists, but not for this HTTP method.",
        "Shares are asked for with POST, everything else is read with GET.";
    UnsupportedMediaType = "unsupported_media_type", 415, no, Asker, "Not JSON",
        "The body is not declared as JSON.",
        "Send the header content-type: application/json.";

    // Form.
    WrongNetwork = "wrong_network", 400, no, Asker, "Another network",
        "The request names a network that this node is not a member of.",
        "Check the network file or the envelope's locator against the endpoint asked.";
    WrongEpoch = "wrong_epoch", 409, retry, Nobody, "Another epoch",
        "The committee has moved to another epoch, or the reader has read it from a chain that lags.",
        "Read the committee again and make a fresh request.";
    BadItems = "bad_items", 400, no, Asker, "Items out of bounds",
        "A request has 1 to 256 distinct items.",
        "Split the request, and leave each item in once.";
    BadTimes = "bad_times", 400, no, Asker, "Impossible times",
        "A request lives at most 300 seconds, and does not end before it begins.",
        "Set expiresAt to at most issuedAt + 300.";
    FromFuture = "from_future", 400, retry, Clock, "Request from the future",
        "The request was issued more than 30 seconds ahead of the node's clock.",
        "Set the reader's clock; if other nodes accept the request, the node's clock is off.";
    Expired = "expired", 400, retry, Clock, "Request expired",
        "The request's time has passed.",
        "Make a fresh request; if that fails as well, compare the clocks.";
    BadReaderKey = "bad_reader_key", 400, no, Asker, "Bad reader key",
        "readerKey is not a compressed point of BLS12-381's G1 subgroup, or is the identity.",
        "Generate the key with the SDK, one for each request.";
    BadContext = "bad_context", 400, no, Asker, "Bad context",
        "The context is not a deterministic CBOR map of names and values within its limits.",
        "Encode it with the SDK; SPEC.md has the limits.";
    BadAnchors = "bad_anchors", 400, no, Asker, "Bad anchors",
        "Anchors are ascending by (chainId, confirmations), one for each pair that the policy, or a contract account, needs.",
        "List exactly those pairs; the SDK does.";
    InvalidPolicy = "invalid_policy", 400, no, Author, "Invalid policy",
        "The policy is not the canonical form of a policy that this node knows.",
        "Check it with `stheno policy check`; a newer policy may need newer nodes.";
    PolicyLimit = "policy_limit", 400, no, Author, "Policy over a limit",
        "The policy is larger, deeper or wider than allowed.",
        "The detail names the limit. Move long lists into a contract or a Merkle allowlist.";
    UnsatisfiablePolicy = "unsatisfiable_policy", 400, no, Author, "Policy that nobody can satisfy",
        "A part of the policy can never hold: a private condition is proven without an account, so never together with one that asks about the account; two proofs have one name; or more proofs are needed than fit into a request.",
        "The message names the two conditions. Join them by `any`, name the proofs apart, or let the keeper of the group see to the other condition.";
    ChainNotConfigured = "chain_not_configured", 422, no, Author, "Chain not configured",
        "The policy reads a chain that this node has no endpoints for.",
        "Use a chain that the committee reads (see /v1/status), or ask its operators to add this one.";

    // Who asks.
    AccountRequired = "account_required", 401, no, Asker, "An account is required",
        "The policy asks about the reader's account, and the request has none.",
        "Give a wallet.";
    AuthorizationMissing = "authorization_missing", 401, no, Asker, "Authorization missing",
        "The request names an account but carries no proof of it.",
        "Sign the request with the account's key.";
    BadAuthorization = "bad_authorization", 400, no, Asker, "Bad session or delegation",
        "The session's message or the delegation has not the form that it should, names no scope or too large a one, or lasts too long.",
        "Make it with the SDK; the detail says what is wrong, and SPEC.md has the form.";
    AuthorizationEarly = "authorization_early", 401, no, Clock, "Not valid yet",
        "The session or the delegation begins later, by the node's clock.",
        "Wait until it begins; if it should have begun, compare the clocks.";
    AuthorizationExpired = "authorization_expired", 401, no, Asker, "Session or delegation over",
        "The session or the delegation has ended, by the node's clock.",
        "Let the account sign a new one.";
    OutOfScope = "out_of_scope", 403, no, Asker, "Out of scope",
        "The session or the delegation is for other policies, items or contracts than the request.",
        "Let the account sign one whose scope names what is asked for, or sign the request itself.";
    SignatureInvalid = "signature_invalid", 401, no, Asker, "Signature invalid",
        "The signature is malformed, or of another key, network, chain, epoch or request.",
        "Sign the EIP-712 digest of exactly this request with the account's key.";
    RateLimited = "rate_limited", 429, retry, Asker, "Too many requests",
        "This account or address has used up its share of the node's time.",
        "Wait as long as retryAfter says; limits count items, so batching does not help.";
    Busy = "busy", 503, retry, Operator, "Node busy",
        "The node has as much work as it takes on.",
        "Try again in a moment; other nodes may be free.";

    // Blocks.
    AnchorUnknown = "anchor_unknown", 409, retry, Chain, "Anchor unknown",
        "The node's endpoints do not know an anchor's block, or it is not on their canonical chain.",
        "Make a fresh request with anchors from the nodes' own status; a node that lags catches up.";
    AnchorNotFinal = "anchor_not_final", 409, retry, Nobody, "Anchor not final",
        "An anchor is not as final, or not as deep, in the node's view as its leaf asks.",
        "Wait some blocks, or take an older anchor.";
    AnchorTooOld = "anchor_too_old", 409, retry, Asker, "Anchor too old",
        "An anchor is more than ten minutes older than the node's newest final block.",
        "Make a fresh request with newer anchors.";
    AnchorsApart = "anchors_apart", 409, retry, Asker, "Anchors apart in time",
        "With several chains, each anchor is the last block at or before the oldest anchor's time; these are not.",
        "Make a fresh request; the SDK chooses anchors so.";
    ChainStale = "chain_stale", 503, retry, Chain, "Chain stale",
        "The newest final block that the node knows is more than thirty minutes old: finality has stalled, its endpoints lag, or its clock is ahead.",
        "Wait until finality advances. Nothing is released meanwhile.";
    ChainUnavailable = "chain_unavailable", 503, retry, Chain, "Chain unavailable",
        "Too few of the node's endpoints answered a read in time.",
        "Try again; the operator may have to mend or add endpoints.";
    ChainDisagreement = "chain_disagreement", 503, retry, Chain, "Endpoints disagree",
        "The node's endpoints gave different answers for the same block, so it believes none of them.",
        "Try again; if it lasts, the operator must find the endpoint that is wrong. The detail says which said what.";
    HeadUnavailable = "head_unavailable", 503, retry, Chain, "Head unavailable",
        "The conditions hold at the anchors, but the newest block could not be read to see that nothing was sold or revoked since.",
        "Try again.";

    // What the policy says.
    ConditionNotMet = "condition_not_met", 403, no, Asker, "Conditions not met",
        "The policy was read at the anchors and does not grant access.",
        "The failing conditions are listed with what was found; satisfy them and ask again.";
    ConditionUnknown = "condition_unknown", 403, no, Author, "Conditions cannot be told",
        "A condition could be neither confirmed nor denied: a call reverted, returned nothing or something else than declared, or a value of the context is missing.",
        "The conditions are listed with what went wrong. Missing values come from the reader; the rest is for the policy's author.";
    NoLongerMet = "no_longer_met", 403, no, Asker, "Conditions no longer met",
        "The conditions held at the anchors but not at the newest block: the right was sold or revoked since.",
        "Satisfy the conditions again.";
    NotFinalYet = "not_final_yet", 403, retry, Nobody, "Not final yet",
        "The conditions hold at the newest block, but not yet at a block that is final.",
        "Wait as many blocks as blocksToWait says and ask again; the SDK does.";

    // The node itself.
    NotServing = "not_serving", 503, retry, Operator, "Not serving",
        "The node has no share of an active epoch, or is starting or stopping.",
        "Ask other nodes; see this one's /v1/status.";
    Timeout = "timeout", 504, retry, Operator, "Took too long",
        "The node gave up on the request after its own time limit.",
        "Try again.";
    Internal = "internal", 500, retry, Operator, "Internal error",
        "The node failed in a way that it should not.",
        "Try again, and tell the operator: its log has the cause.";
}

impl Code {
    /// Everything about it that is for people.
    #[must_use]
    pub const fn explained(self) -> Explained {
        Explained {
            code: self.as_str(),
            title: self.title(),
            fault: self.fault(),
            explanation: self.explanation(),
            remedy: self.remedy(),
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| UnknownCode {
                given: text.to_owned(),
                nearest: crate::policy::nearest(text, Self::ALL.iter().map(|code| code.as_str())),
            })
    }
}

/// No problem code has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no problem code `{given}`{}", .nearest.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
pub struct UnknownCode {
    /// What was asked for.
    pub given: String,
    /// The nearest code.
    pub nearest: Option<&'static str>,
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    /// A code of a newer version is [`Code::Unrecognized`], not an error.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Ok(text.parse().unwrap_or(Self::Unrecognized))
    }
}
