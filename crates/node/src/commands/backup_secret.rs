//! The passphrase or key of a backup: its own, never an argument.

use std::{
    fs::File,
    io::{BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
};

use clap::Args;
use zeroize::Zeroizing;

use super::outcome::Failure;
use crate::{config::Unlock, vault::UnlockSecret};

/// A shorter passphrase can be guessed by who finds the file.
const LEAST_CHARACTERS: usize = 12;
/// Longer lines are no passphrases.
const MOST_BYTES: u64 = 4096;

/// What opens a backup. Without any of these it is a passphrase, asked for on the terminal.
#[derive(Clone, Debug, Default, Args)]
pub struct BackupSecretArgs {
    /// The backup's passphrase is the first line of this file (mode 0600).
    #[arg(long, value_name = "FILE", group = "secret")]
    pub passphrase_file: Option<PathBuf>,
    /// The backup's passphrase is the first line that this file descriptor gives.
    #[arg(long, value_name = "N", group = "secret")]
    pub passphrase_fd: Option<u32>,
    /// The backup's key is the 64 hex digits in this file (mode 0600); `backup` makes it if it does
    /// not exist. Keep it apart from the backup and from the machine.
    #[arg(long, value_name = "FILE", group = "secret")]
    pub key_file: Option<PathBuf>,
}

impl BackupSecretArgs {
    /// For a backup that is about to be made.
    pub(super) fn fresh(&self) -> Result<UnlockSecret, Failure> {
        if let Some(path) = &self.key_file {
            return Ok(UnlockSecret::prepare(&Unlock::KeyFile(path.clone()))?);
        }
        let passphrase = match self.given()? {
            Some(passphrase) => passphrase,
            None => {
                let first = ask("New passphrase of the backup: ")?;
                if first != ask("Once more: ")? {
                    return Err(Failure::new("the two passphrases differ"));
                }
                first
            }
        };
        if passphrase.chars().count() < LEAST_CHARACTERS {
            return Err(Failure::new(format!(
                "the passphrase is shorter than {LEAST_CHARACTERS} characters"
            ))
            .hint("take some words at random, or a --key-file"));
        }
        Ok(UnlockSecret::Passphrase(passphrase))
    }

    /// For a backup that is there.
    pub(super) fn known(&self) -> Result<UnlockSecret, Failure> {
        if let Some(path) = &self.key_file {
            return Ok(UnlockSecret::read(&Unlock::KeyFile(path.clone()))?);
        }
        let passphrase = match self.given()? {
            Some(passphrase) => passphrase,
            None => ask("Passphrase of the backup: ")?,
        };
        Ok(UnlockSecret::Passphrase(passphrase))
    }

    fn given(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = &self.passphrase_file {
            let read = UnlockSecret::read(&Unlock::PassphraseFile(path.clone()))?;
            return Ok(match read {
                UnlockSecret::Passphrase(passphrase) => Some(passphrase),
                UnlockSecret::Key(_) => None,
            });
        }
        self.passphrase_fd.map(first_line).transpose()
    }
}

/// The first line that a descriptor of this process gives.
fn first_line(descriptor: u32) -> Result<Zeroizing<String>, Failure> {
    let path = PathBuf::from(format!("/dev/fd/{descriptor}"));
    let fail = |error: std::io::Error| {
        Failure::new(format!(
            "file descriptor {descriptor} cannot be read: {error}"
        ))
        .hint(format!(
            "open it, as in `--passphrase-fd {descriptor} {descriptor}< FILE`"
        ))
    };
    let file = File::open(Path::new(&path)).map_err(fail)?;
    let mut line = Zeroizing::new(String::new());
    let mut reader = BufReader::new(std::io::Read::take(file, MOST_BYTES));
    reader.read_line(&mut line).map_err(fail)?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    match line.is_empty() {
        true => Err(Failure::new("the backup's passphrase is empty")),
        false => Ok(line),
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Failure::new("nobody is there to ask for the backup's passphrase")
                .hint("give --passphrase-file, --passphrase-fd or --key-file"),
        );
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(format!("no passphrase could be read: {error}")))
}

#[cfg(test)]
mod tests {
    use std::os::{fd::AsRawFd, unix::fs::PermissionsExt};

    use super::*;

    fn file(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("passphrase");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn passphrase_is_refused_when_it_is_short_and_only_when_it_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let args = BackupSecretArgs {
            passphrase_file: Some(file(folder.path(), "short\n")),
            ..BackupSecretArgs::default()
        };
        let error = args.fresh().unwrap_err().to_string();
        assert!(error.contains("12 characters"), "{error}");
        let known = args.known().unwrap();
        assert!(matches!(known, UnlockSecret::Passphrase(p) if p.as_str() == "short"));
    }

    #[test]
    fn passphrase_is_the_first_line_of_a_descriptor() {
        let folder = tempfile::tempdir().unwrap();
        let open = File::open(file(folder.path(), "correct horse battery\nmore\n")).unwrap();
        let args = BackupSecretArgs {
            passphrase_fd: u32::try_from(open.as_raw_fd()).ok(),
            ..BackupSecretArgs::default()
        };
        let fresh = args.fresh().unwrap();
        let expected = "correct horse battery";
        assert!(matches!(fresh, UnlockSecret::Passphrase(p) if p.as_str() == expected));
        let closed = BackupSecretArgs {
            passphrase_fd: Some(987_654),
            ..BackupSecretArgs::default()
        };
        let error = closed.known().unwrap_err().to_string();
        assert!(error.contains("987654"), "{error}");
    }

    #[test]
    fn key_file_is_made_for_a_new_backup_and_not_for_an_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let args = BackupSecretArgs {
            key_file: Some(folder.path().join("key")),
            ..BackupSecretArgs::default()
        };
        args.known().unwrap_err();
        let made = args.fresh().unwrap();
        let known = args.known().unwrap();
        assert!(matches!((made, known), (UnlockSecret::Key(a), UnlockSecret::Key(b)) if a == b));
    }
}
