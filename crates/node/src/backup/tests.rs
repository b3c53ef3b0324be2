use std::path::Path;

use alloy::primitives::{Address, B256};
use stheno_crypto::{KeyShare, NodeIndex};
use zeroize::Zeroizing;

use super::{sealing::Method, *};
use crate::vault::UnlockSecret;

fn key(byte: u8) -> UnlockSecret {
    UnlockSecret::Key(Zeroizing::new([byte; 32]))
}

fn passphrase(text: &str) -> UnlockSecret {
    UnlockSecret::Passphrase(Zeroizing::new(text.to_owned()))
}

fn share(index: u16, byte: u8) -> KeyShare {
    KeyShare::from_secret_bytes(NodeIndex::new(index).unwrap(), &[byte; 32]).unwrap()
}

fn contents() -> Contents {
    let part = |byte: u8, epoch| SharePart {
        context: B256::repeat_byte(byte),
        epoch,
        key: share(3, byte + 0x40),
    };
    Contents {
        identity: Zeroizing::new([1; 32]),
        operator: Some(Address::repeat_byte(5)),
        shares: vec![part(6, 1), part(7, 0)],
        configuration: Zeroizing::new("listen = \"127.0.0.1:1\"\n".to_owned()),
    }
}

fn head(sealed: Method) -> Head {
    Head {
        chain_id: 314,
        contract: Address::repeat_byte(2),
        committee_id: 1,
        identity: contents().address().unwrap(),
        node: Some(3),
        epoch: Some(1),
        shares: 2,
        created_at: 1_700_000_000,
        program: "0.1.0".to_owned(),
        sealed,
        salt: [0; 32],
    }
}

fn parse(bytes: &[u8]) -> Result<BackupFile, BackupError> {
    BackupFile::parse(Path::new("b"), bytes)
}

fn sealed() -> Vec<u8> {
    BackupFile::seal(head(Method::Key), &contents(), &key(9)).unwrap()
}

#[test]
fn backup_opens_with_its_key_and_gives_back_what_was_put_in() {
    let bytes = sealed();
    let file = parse(&bytes).unwrap();
    let opened = file.open(&key(9)).unwrap();
    let expected = contents();
    assert_eq!(opened.identity, expected.identity);
    assert_eq!(opened.operator, expected.operator);
    assert_eq!(opened.configuration, expected.configuration);
    let parts = |contents: &Contents| -> Vec<_> {
        let parts = contents.shares.iter();
        parts
            .map(|part| {
                let key = (part.key.index(), part.key.expose_secret_bytes());
                (part.context, part.epoch, key)
            })
            .collect()
    };
    assert_eq!(parts(&opened), parts(&expected));
    assert_eq!(
        Head {
            salt: [0; 32],
            ..file.head.clone()
        },
        head(Method::Key)
    );
    // Two backups of the same share no salt, so no key.
    assert_ne!(file.head.salt, parse(&sealed()).unwrap().head.salt);
}

#[test]
fn backup_under_a_passphrase_opens_with_it_alone() {
    let cheap = Method::Argon2id {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };
    let right = passphrase("correct horse");
    let bytes = BackupFile::seal(head(cheap), &contents(), &right).unwrap();
    let file = parse(&bytes).unwrap();
    file.open(&right).unwrap();
    for wrong in ["correct horsf", "", "Correct horse"] {
        let error = file.open(&passphrase(wrong)).unwrap_err();
        assert!(matches!(error, BackupError::WrongSecret { .. }), "{error}");
    }
    let error = file.open(&key(9)).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("sealed with a passphrase, not with a key"),
        "{message}"
    );
}

#[test]
fn backup_is_refused_with_any_bit_changed() {
    let bytes = sealed();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = parse(&changed).unwrap_err();
        let said = matches!(error, BackupError::Damaged(_) | BackupError::NotABackup(_));
        assert!(said, "bit {bit}: {error}");
    }
}

#[test]
fn backup_is_refused_when_it_is_cut_or_appended_to() {
    let bytes = sealed();
    for length in 0..bytes.len() {
        let error = parse(&bytes[..length]).unwrap_err();
        let said = matches!(error, BackupError::Damaged(_) | BackupError::NotABackup(_));
        assert!(said, "{length}: {error}");
    }
    let longer = [bytes.as_slice(), b"\n"].concat();
    assert!(matches!(parse(&longer), Err(BackupError::Damaged(_))));
    // Nothing is allocated for lengths that are only claimed, and nothing large is read.
    let huge = vec![b's'; (1 << 20) + 1];
    assert!(matches!(parse(&huge), Err(BackupError::NotABackup(_))));
}

/// Changed by somebody who writes the checksum, too, but does not know the key.
#[test]
fn backup_is_refused_when_its_head_or_sealed_part_was_replaced_with_care() {
    let bytes = sealed();
    let body = bytes.len() - 32;
    let wrong = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = bytes[..body].to_vec();
        change(&mut changed);
        let checksum = <sha2::Sha256 as sha2::Digest>::digest(&changed);
        changed.extend_from_slice(&checksum);
        parse(&changed)
            .and_then(|file| file.open(&key(9)))
            .unwrap_err()
    };
    // The index in the head, a byte of the ciphertext.
    let position = bytes.windows(8).position(|w| w == b"\"node\":3").unwrap() + 7;
    let error = wrong(&|bytes| bytes[position] = b'4');
    assert!(matches!(error, BackupError::WrongSecret { .. }), "{error}");
    let error = wrong(&|bytes| bytes[body - 1] ^= 1);
    assert!(matches!(error, BackupError::WrongSecret { .. }), "{error}");
    let error = wrong(&|bytes| bytes[15] = 2);
    assert!(
        matches!(error, BackupError::Newer { found: 2, .. }),
        "{error}"
    );
    assert!(error.hint().contains("update"));
    let error = wrong(&|bytes| bytes[15] = 0);
    assert!(matches!(error, BackupError::Damaged(_)), "{error}");
}

#[test]
fn backup_that_asks_for_too_much_work_is_refused() {
    for (memory_kib, passes) in [(u32::MAX, 1), (64, u32::MAX)] {
        let dear = Method::Argon2id {
            memory_kib,
            passes,
            lanes: 1,
        };
        assert!(!dear.is_bearable());
    }
    assert!(Method::of(&passphrase("x")).is_bearable());
}

#[test]
fn backup_is_told_from_other_files() {
    for other in [&b"PK\x03\x04"[..], b"stheno sealed 1\n", b"", b"\0"] {
        let error = parse(other).unwrap_err();
        assert!(matches!(error, BackupError::NotABackup(_)), "{error}");
    }
    let error = BackupFile::read(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(matches!(error, BackupError::Read { .. }), "{error}");
}

#[test]
fn backup_prints_no_secret() {
    let shown = format!("{:?}", contents());
    assert!(shown.contains("<redacted>"), "{shown}");
    for secret in ["0101", "127.0.0.1", "1, 1, 1", "4646", "70, 70"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
