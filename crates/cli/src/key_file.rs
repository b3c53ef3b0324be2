//! Files with keys: what `stheno keygen` writes, and 64 hex digits.
//!
//! No key is ever an argument: what is typed stays in the shell's history and in the list of
//! processes.

use std::path::Path;

use stheno::{
    AskingKey,
    crypto::Cek,
    envelope::{SharedKey, X25519Secret},
    group::MemberKey,
};
use zeroize::Zeroizing;

use crate::{failure::Failure, input, say};

/// The X25519 secret keys in a file, one a line; empty lines and lines that begin with # are skipped.
///
/// # Errors
/// When the file cannot be read, or holds anything else. No line is repeated.
pub fn identities(path: &Path) -> Result<Vec<X25519Secret>, Failure> {
    let text = read(path)?;
    let keys: Result<Vec<X25519Secret>, Failure> = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (line.trim(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| {
            X25519Secret::from_text(line).map_err(|error| {
                let fault = format!("{}, line {number}: {error}", path.display());
                Failure::new("bad_key", fault).hint("`stheno keygen -o FILE` makes such a file")
            })
        })
        .collect();
    let keys = keys?;
    if keys.is_empty() {
        let fault = format!("{} holds no key", path.display());
        return Err(
            Failure::new("bad_key", fault).hint("`stheno keygen -o FILE` makes such a file")
        );
    }
    Ok(keys)
}

/// A symmetric key that was agreed on.
///
/// # Errors
/// As [`cek`].
pub fn shared(path: &Path) -> Result<SharedKey, Failure> {
    let text = read(path)?;
    SharedKey::from_hex(text.trim()).map_err(|_| not_hex(path))
}

/// A content-encryption key.
///
/// # Errors
/// When the file cannot be read, or is not 64 hex digits. They are not repeated.
pub fn cek(path: &Path) -> Result<Cek, Failure> {
    let text = read(path)?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), &mut bytes[..]).map_err(|_| not_hex(path))?;
    Ok(Cek::from_bytes(*bytes))
}

/// The secret key of a session or of a delegate.
///
/// # Errors
/// When the file cannot be read, or holds anything else. It is not repeated.
pub fn asking(path: &Path) -> Result<AskingKey, Failure> {
    let text = read(path)?;
    let mut lines = lines(&text);
    let made = "`stheno keygen --asking -o FILE` makes such a file";
    let bad = |why: &dyn std::fmt::Display| {
        let fault = format!("{}: {why}", path.display());
        Failure::new("bad_key", fault).hint(made)
    };
    match (lines.next(), lines.next()) {
        (Some(line), None) => AskingKey::from_text(line).map_err(|error| bad(&error)),
        _ => Err(bad(&"it holds not exactly one key")),
    }
}

/// A member's secret key.
///
/// # Errors
/// When the file cannot be read, or holds anything else. It is not repeated.
pub fn member(path: &Path) -> Result<MemberKey, Failure> {
    let text = read(path)?;
    let mut lines = lines(&text);
    let bad = |why: &dyn std::fmt::Display| {
        let fault = format!("{}: {why}", path.display());
        Failure::new("bad_member_key", fault)
            .hint("`stheno member create -o FILE` makes such a file")
    };
    match (lines.next(), lines.next()) {
        (Some(line), None) => MemberKey::from_text(line).map_err(|error| bad(&error)),
        _ => Err(bad(&"it holds not exactly one key")),
    }
}

/// Whether a text is that of a key which asks.
pub fn is_asking(path: &Path) -> Result<bool, Failure> {
    let text = read(path)?;
    Ok(lines(&text).any(|line| line.starts_with("STHENO-ASKING-KEY-")))
}

/// Lines that say something: neither empty nor comments.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn not_hex(path: &Path) -> Failure {
    let fault = format!("{} is not a key of 64 hex digits", path.display());
    Failure::new("bad_key", fault).hint("`stheno keygen --symmetric -o FILE` makes one")
}

/// A file with a secret, into memory that is wiped; one that others can read is told about.
///
/// # Errors
/// When it cannot be read.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Failure> {
    warn_if_exposed(path);
    input::secret_text(path)
}

/// A key that everybody on the machine can read is told about, and used.
fn warn_if_exposed(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let exposed = std::fs::metadata(path)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0);
        if exposed {
            let path = path.display();
            say::note(&format!(
                "warning: other users can read the key in {path}; `chmod 600 {path}` prevents it"
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
