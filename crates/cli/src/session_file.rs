//! Session files: what the account's owner signs, and the session's key, which is secret.
//!
//! Comments, one line of JSON, one line with the key. The JSON has no secret.

use std::{io::Write, path::Path};

use serde::{Deserialize, Serialize};
use stheno::{
    AskingKey, Session, SessionDraft,
    envelope::EnvelopeError,
    protocol::{Account, AccountKind, Address, Bytes, ChainId},
};
use zeroize::Zeroizing;

use crate::{failure::Failure, key_file, output::Output};

/// What a session file calls itself.
const FORMAT: &str = "stheno-session/1";

/// A session, signed or not yet.
#[derive(Debug)]
pub struct SessionFile {
    /// What is signed.
    pub draft: SessionDraft,
    /// By the account's owner.
    pub signature: Option<Bytes>,
    /// The session's key.
    pub key: AskingKey,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Public {
    format: String,
    account: Address,
    account_chain: ChainId,
    is_contract: bool,
    message: String,
    signature: Option<Bytes>,
}

impl SessionFile {
    /// Reads a session file.
    ///
    /// # Errors
    /// When it is none. What it holds is not repeated.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let bad = |why: &dyn std::fmt::Display| bad(path, why);
        let text = key_file::read(path)?;
        let mut lines = key_file::lines(&text);
        let (Some(public), Some(secret), None) = (lines.next(), lines.next(), lines.next()) else {
            return Err(bad(&"a session file has two lines besides comments"));
        };
        let public: Public = serde_json::from_str(public).map_err(|error| bad(&error))?;
        if public.format != FORMAT {
            return Err(bad(&format_args!("its format is not {FORMAT}")));
        }
        let account = Account {
            address: public.account,
            chain: public.account_chain,
            kind: match public.is_contract {
                true => AccountKind::Contract,
                false => AccountKind::Key,
            },
        };
        Ok(Self {
            draft: SessionDraft::of_text(account, &public.message).map_err(|error| bad(&error))?,
            signature: public.signature,
            key: AskingKey::from_text(secret).map_err(|error| bad(&error))?,
        })
    }

    /// Writes it where only its owner can read it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, mut to: Output) -> Result<(), Failure> {
        let account = self.draft.account();
        let public = Public {
            format: FORMAT.to_owned(),
            account: account.address,
            account_chain: account.chain,
            is_contract: account.kind == AccountKind::Contract,
            message: self.draft.message().to_string(),
            signature: self.signature.clone(),
        };
        let json = serde_json::to_string(&public).map_err(|error| Failure::new("failed", error))?;
        let head = format!(
            "# session of {}; whoever has this file can ask for it\n{json}\n",
            account.address
        );
        let secret = self.key.expose_text();
        // Joined without a copy that stays behind.
        let mut text = Zeroizing::new(String::with_capacity(head.len() + secret.len() + 1));
        text.push_str(&head);
        text.push_str(&secret);
        text.push('\n');
        to.write_all(text.as_bytes())
            .map_err(|error| to.failure(EnvelopeError::Write(error).into()))?;
        Ok(to.commit()?)
    }

    /// The reader that it makes of whoever has it.
    ///
    /// # Errors
    /// When it is not signed yet, or not by the account.
    pub fn into_session(self, path: &Path) -> Result<Session, Failure> {
        let signature = self.signature.ok_or_else(|| {
            bad(path, &"it is not signed yet").hint(
                "sign its message (`stheno session show`), then `stheno session sign FILE \
                 --signature 0x…`",
            )
        })?;
        self.draft
            .signed(signature, self.key)
            .map_err(|error| bad(path, &error))
    }
}

/// A session file that cannot be used.
pub fn bad(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    let path = path.display();
    Failure::new("bad_consent", format_args!("session {path}: {why}"))
        .hint("`stheno session new` makes one; `stheno help session` has examples")
}
