//! The file of the story, and its fingerprint.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// A file and the SHA-256 of what was written to it.
#[derive(Clone, Debug)]
pub struct Original {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its hash.
    pub sha256: Fingerprint,
}

/// A SHA-256.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint([u8; 32]);

impl std::fmt::Display for Fingerprint {
    /// The first eight bytes: enough to compare by eye.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, e, g, h, i, ..] = self.0;
        write!(f, "{}…", hex::encode([a, b, c, d, e, g, h, i]))
    }
}

impl Original {
    /// Writes a file of random bytes.
    ///
    /// # Errors
    /// The system's, also when it has no randomness.
    pub fn create(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut file = BufWriter::new(File::create(path)?);
        let mut block = vec![0; 1 << 20];
        let mut left = bytes;
        while left > 0 {
            let take = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            let (now, _) = block.split_at_mut(take);
            getrandom::fill(now).map_err(io::Error::other)?;
            hasher.update(&now);
            file.write_all(now)?;
            left -= take as u64;
        }
        file.flush()?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            sha256: Fingerprint(hasher.finalize().into()),
        })
    }
}

/// Hashes a file.
///
/// # Errors
/// The system's.
pub fn sha256_of(path: &Path) -> io::Result<Fingerprint> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(Fingerprint(hasher.finalize().into())),
            read => hasher.update(block.get(..read).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn original_knows_the_hash_of_what_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [0, 1, (1 << 20) + 1] {
            let path = folder.path().join("original");
            let original = Original::create(&path, bytes).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len(), bytes);
            assert_eq!(sha256_of(&path).unwrap(), original.sha256);
        }
    }

    #[test]
    fn sha256_of_abc_is_the_one_of_fips_180() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abc").unwrap();
        let shown = sha256_of(file.path()).unwrap().to_string();
        assert_eq!(shown, "ba7816bf8f01cfea…");
    }
}
