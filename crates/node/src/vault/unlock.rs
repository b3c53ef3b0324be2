//! Where the passphrase or key comes from that opens the vault. Never from an argument.

use std::{
    env, fmt, fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use zeroize::{Zeroize, Zeroizing};

use crate::{config::Unlock, new_file::write_new};

/// What opens a vault.
pub enum UnlockSecret {
    /// Typed or written by a person.
    Passphrase(Zeroizing<String>),
    /// 32 random bytes.
    Key(Zeroizing<[u8; 32]>),
}

/// Why the passphrase or key could not be had.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The variable is not set, and nobody is there to ask.
    #[error(
        "the vault's passphrase is not set; put it into ${0}, or choose another source in [vault]"
    )]
    NotSet(String),
    /// The passphrase is empty.
    #[error("the vault's passphrase is empty")]
    Empty,
    /// The two passphrases typed are not the same.
    #[error("the two passphrases differ")]
    Differ,
    /// Others may read the file.
    #[error("{0} can be read by others; run `chmod 600` on it")]
    Exposed(PathBuf),
    /// The file does not hold 64 hexadecimal digits.
    #[error("{0} should hold 64 hexadecimal digits")]
    NotAKey(PathBuf),
    /// There is no credential directory.
    #[error(
        "$CREDENTIALS_DIRECTORY is not set; start the node through its service manager, or choose another source in [vault]"
    )]
    NoCredentials,
    /// A credential is named, not located.
    #[error("vault.credential is `{0}`; it should be a name, not a path")]
    NotAName(String),
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no randomness for a new key file.
    #[error("the system gives no randomness: {0}")]
    Randomness(getrandom::Error),
}

impl UnlockSecret {
    /// Reads the secret from where the configuration says.
    ///
    /// # Errors
    /// [`UnlockError`], saying what to do.
    pub fn read(from: &Unlock) -> Result<Self, UnlockError> {
        match from {
            Unlock::PassphraseEnv(name) => match env::var(name) {
                Ok(passphrase) => Self::passphrase(passphrase),
                Err(_) if io::stdin().is_terminal() => Self::passphrase(ask("Vault passphrase: ")?),
                Err(_) => Err(UnlockError::NotSet(name.clone())),
            },
            Unlock::PassphraseFile(path) => {
                let text = read_private(path)?;
                Self::passphrase(text.lines().next().unwrap_or_default().to_owned())
            }
            Unlock::KeyFile(path) => Self::key(path, &read_private(path)?),
            Unlock::Credential(name) => {
                if name.is_empty() || name.contains(['/', '\\']) || name == ".." {
                    return Err(UnlockError::NotAName(name.clone()));
                }
                let folder =
                    env::var_os("CREDENTIALS_DIRECTORY").ok_or(UnlockError::NoCredentials)?;
                let path = Path::new(&folder).join(name);
                // The service manager guards this folder in its own way, so no mode is asked for.
                let text = fs::read_to_string(&path)
                    .map(Zeroizing::new)
                    .map_err(|source| UnlockError::Io {
                        path: path.clone(),
                        source,
                    })?;
                Self::key(&path, &text)
            }
        }
    }

    /// As [`read`](Self::read), for a vault that is about to be made: a missing key file is made,
    /// a passphrase from a terminal is asked for twice.
    ///
    /// # Errors
    /// [`UnlockError`].
    pub fn prepare(from: &Unlock) -> Result<Self, UnlockError> {
        match from {
            Unlock::KeyFile(path) if !path.exists() => {
                let mut key = Zeroizing::new([0; 32]);
                getrandom::fill(&mut *key).map_err(UnlockError::Randomness)?;
                let text = Zeroizing::new(format!("{}\n", hex::encode(key.as_slice())));
                write_new(path, text.as_bytes()).map_err(|source| UnlockError::Io {
                    path: path.clone(),
                    source,
                })?;
                Ok(Self::Key(key))
            }
            Unlock::PassphraseEnv(name)
                if env::var_os(name).is_none() && io::stdin().is_terminal() =>
            {
                let first = Zeroizing::new(ask("New vault passphrase: ")?);
                let second = Zeroizing::new(ask("Once more: ")?);
                if first != second {
                    return Err(UnlockError::Differ);
                }
                Self::passphrase(first.to_string())
            }
            _ => Self::read(from),
        }
    }

    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Passphrase(_) => "passphrase",
            Self::Key(_) => "key",
        }
    }

    fn passphrase(text: String) -> Result<Self, UnlockError> {
        if text.is_empty() {
            return Err(UnlockError::Empty);
        }
        Ok(Self::Passphrase(Zeroizing::new(text)))
    }

    fn key(path: &Path, text: &str) -> Result<Self, UnlockError> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *key).map_err(|_| {
            key.zeroize();
            UnlockError::NotAKey(path.to_owned())
        })?;
        Ok(Self::Key(key))
    }
}

impl fmt::Debug for UnlockSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnlockSecret({}: <redacted>)", self.what())
    }
}

fn ask(prompt: &str) -> Result<String, UnlockError> {
    rpassword::prompt_password(prompt).map_err(|source| UnlockError::Io {
        path: PathBuf::from("terminal"),
        source,
    })
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, UnlockError> {
    let io = |source| UnlockError::Io {
        path: path.to_owned(),
        source,
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path).map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(UnlockError::Exposed(path.to_owned()));
        }
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let source = Unlock::KeyFile(folder.path().join("key"));
        let UnlockSecret::Key(made) = UnlockSecret::prepare(&source).unwrap() else {
            panic!("a key file gives a key");
        };
        let UnlockSecret::Key(again) = UnlockSecret::prepare(&source).unwrap() else {
            panic!("a key file gives a key");
        };
        let UnlockSecret::Key(read) = UnlockSecret::read(&source).unwrap() else {
            panic!("a key file gives a key");
        };
        assert_eq!(made, again);
        assert_eq!(made, read);
    }

    #[test]
    fn secret_file_is_refused_when_others_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        fs::write(&path, "correct horse\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let source = Unlock::PassphraseFile(path.clone());
        let error = UnlockSecret::read(&source).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = UnlockSecret::read(&source).unwrap();
        assert!(matches!(&secret, UnlockSecret::Passphrase(p) if p.as_str() == "correct horse"));
        assert!(!format!("{secret:?}").contains("horse"));
    }

    #[test]
    fn key_is_refused_when_it_is_no_key() {
        let path = Path::new("k");
        for text in ["", "00", &"g".repeat(64), &"0".repeat(66)] {
            assert!(matches!(
                UnlockSecret::key(path, text),
                Err(UnlockError::NotAKey(_))
            ));
        }
    }

    #[test]
    fn credential_is_a_name_inside_the_credential_directory() {
        for name in ["../key", "a/b", "..", ""] {
            let error = UnlockSecret::read(&Unlock::Credential(name.to_owned())).unwrap_err();
            assert!(matches!(error, UnlockError::NotAName(_)));
        }
    }
}
