//! Failures as plain objects.

use std::panic::PanicHookInfo;

use js_sys::{Object, Reflect};
use stheno_circuits::{FieldError, GroupError, KeyError, ProveError, StatementError};
use wasm_bindgen::{JsValue, throw_val};

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure, ready to be thrown.
pub struct Failure {
    code: &'static str,
    message: String,
    hint: &'static str,
    /// "You may not", and not "something is wrong".
    denied: bool,
}

const FAULT: &str =
    "ask for the proof once more; if that fails, it is a fault of the package: please report it";
const FETCH_AGAIN: &str =
    "fetch the key again; if it stays so, ask the network's operator for the right one";
const OTHER_KEY: &str =
    "take the proving key of the group's depth, and of its kind: membership or credential";

impl Failure {
    fn of(code: &'static str, message: impl ToString, hint: &'static str) -> Self {
        Self {
            code,
            message: message.to_string(),
            hint,
            denied: false,
        }
    }

    fn denial(code: &'static str, message: impl ToString, hint: &'static str) -> Self {
        Self {
            denied: true,
            ..Self::of(code, message, hint)
        }
    }

    /// An argument that cannot be used.
    pub(crate) fn argument(message: impl ToString) -> Self {
        Self::of("bad_argument", message, "see the package's documentation")
    }

    /// A key that proves something else.
    pub(crate) fn other_circuit(message: impl ToString) -> Self {
        Self::of("other_circuit", message, OTHER_KEY)
    }

    /// A group that cannot be used.
    pub(crate) fn bad_group(error: impl ToString) -> Self {
        Self::of(
            "bad_group",
            format!("the group cannot be used: {}", error.to_string()),
            "fetch the group again; if it stays so, tell its keeper",
        )
    }

    /// Where this module gave up. What a panic says is not told: it could be a secret's value.
    pub(crate) fn of_panic(panic: &PanicHookInfo<'_>) -> Self {
        let message = match panic.location() {
            Some(place) => format!("the prover failed at {}:{}", place.file(), place.line()),
            None => "the prover failed".to_owned(),
        };
        Self::of("prover_failed", message, FAULT)
    }

    /// Leaves the module at once, without unwinding: from here on it is to be thrown away.
    pub(crate) fn throw(self) -> ! {
        throw_val(self.into())
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        let object = Object::new();
        let fields = [
            ("code", failure.code.into()),
            ("message", failure.message.into()),
            ("hint", failure.hint.into()),
            ("denied", failure.denied.into()),
        ];
        for (name, value) in fields {
            // A plain object takes every property.
            let _ = Reflect::set(&object, &name.into(), &value);
        }
        object.into()
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Hash { .. } => Self::of("proving_key_mismatch", error, FETCH_AGAIN),
            KeyError::Length { .. } => Self::of("proving_key_truncated", error, FETCH_AGAIN),
            KeyError::Development => Self::of(
                "proving_key_development",
                error,
                "on a test network say `development: true`; elsewhere ask the network's operator for the key of its ceremony",
            ),
            KeyError::Format(_) | KeyError::UnknownCircuit => Self::of(
                "proving_key_unknown",
                error,
                "update the package, or take the key of a circuit that it knows",
            ),
            _ => Self::of("proving_key_broken", error, FETCH_AGAIN),
        }
    }
}

impl From<GroupError> for Failure {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::NotThere => Self::denial(
                "not_a_member",
                "this secret's leaf is not in the group",
                "ask the group's keeper to add your commitment, or fetch the group again if they have; a credential's attributes have to be exactly those that its issuer gave",
            ),
            _ => Self::bad_group(error),
        }
    }
}

impl From<FieldError> for Failure {
    fn from(error: FieldError) -> Self {
        Self::argument(error)
    }
}

impl From<StatementError> for Failure {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::OtherInputs { .. }
            | StatementError::OtherWitness { .. }
            | StatementError::Depth { .. } => Self::other_circuit(error),
            StatementError::Below { .. } | StatementError::Above { .. } => Self::denial(
                "out_of_bounds",
                error,
                "the condition asks for other attributes than this credential has",
            ),
            StatementError::Expired => Self::denial(
                "credential_expired",
                error,
                "ask the issuer for a new credential",
            ),
            // Path, root and nullifier are computed here: no caller can get them wrong.
            _ => Self::of("prover_failed", error, FAULT),
        }
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Statement(error) => error.into(),
            ProveError::BrokenKey => Self::of("proving_key_broken", error, FETCH_AGAIN),
            _ => Self::of("prover_failed", error, FAULT),
        }
    }
}
