use super::{keying::TEST_COST, *};

fn passphrase(text: &str) -> UnlockSecret {
    UnlockSecret::Passphrase(Zeroizing::new(text.to_owned()))
}

fn create(folder: &Path, secret: &UnlockSecret) -> Result<Vault, VaultError> {
    Vault::create_at_cost(folder, secret, TEST_COST)
}

fn key_share(index: u16, byte: u8) -> KeyShare {
    let mut scalar = [byte; 32];
    scalar[0] = 0;
    KeyShare::from_secret_bytes(NodeIndex::new(index).unwrap(), &scalar).unwrap()
}

#[test]
fn vault_opens_with_its_passphrase_and_keeps_its_identity() {
    let folder = tempfile::tempdir().unwrap();
    let made = create(folder.path(), &passphrase("one")).unwrap();
    let opened = Vault::open(folder.path(), &passphrase("one")).unwrap();
    assert_eq!(made.address(), opened.address());
    let digest = B256::repeat_byte(9);
    let signature = opened.identity().sign(&digest);
    let signer = alloy::primitives::Signature::from_raw(&signature)
        .unwrap()
        .recover_address_from_prehash(&digest)
        .unwrap();
    assert_eq!(signer, made.address());
}

#[test]
fn vault_refuses_a_wrong_passphrase_and_a_key_instead() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), &passphrase("one")).unwrap();
    let error = Vault::open(folder.path(), &passphrase("two")).unwrap_err();
    assert!(
        matches!(
            error,
            VaultError::WrongSecret {
                what: "passphrase",
                ..
            }
        ),
        "{error}"
    );
    let key = UnlockSecret::Key(Zeroizing::new([1; 32]));
    let error = Vault::open(folder.path(), &key).unwrap_err();
    assert!(matches!(error, VaultError::WrongMethod { .. }), "{error}");
}

#[test]
fn vault_is_never_made_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let key = UnlockSecret::Key(Zeroizing::new([1; 32]));
    let first = create(folder.path(), &key).unwrap().address();
    let error = create(folder.path(), &key).unwrap_err();
    assert!(matches!(error, VaultError::Exists(_)), "{error}");
    // Also not where only a part of one is left.
    fs::remove_file(folder.path().join("keying.json")).unwrap();
    assert!(matches!(
        create(folder.path(), &key),
        Err(VaultError::Exists(_))
    ));
    assert!(matches!(
        Vault::open(folder.path(), &key),
        Err(VaultError::Missing(_))
    ));
    assert_ne!(first, Address::ZERO);
}

#[test]
fn vault_notices_any_flipped_bit_and_any_truncation() {
    let folder = tempfile::tempdir().unwrap();
    let key = UnlockSecret::Key(Zeroizing::new([1; 32]));
    create(folder.path(), &key).unwrap();
    let path = folder.path().join("identity");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        assert!(
            matches!(
                Vault::open(folder.path(), &key),
                Err(VaultError::Damaged(_))
            ),
            "byte {at}"
        );
        fs::write(&path, &good[..at]).unwrap();
        assert!(
            matches!(
                Vault::open(folder.path(), &key),
                Err(VaultError::Damaged(_))
            ),
            "cut {at}"
        );
    }
    fs::write(&path, &good).unwrap();
    Vault::open(folder.path(), &key).unwrap();
}

#[test]
fn vault_refuses_a_file_under_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(folder.path(), &passphrase("one")).unwrap();
    let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    vault.keep_share(&one, &key_share(1, 1)).unwrap();
    fs::copy(
        folder.path().join(share_name(&one)),
        folder.path().join(share_name(&other)),
    )
    .unwrap();
    assert!(matches!(
        vault.held_share(&other),
        Err(VaultError::Damaged(_))
    ));
}

#[test]
fn seeds_are_the_same_after_a_restart_and_differ_between_proposals() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let vault = create(folder.path(), &passphrase("one")).unwrap();
    let first = vault.ceremony_seeds(&one).unwrap();
    drop(vault);
    let vault = Vault::open(folder.path(), &passphrase("one")).unwrap();
    let again = vault.ceremony_seeds(&one).unwrap();
    let different = vault.ceremony_seeds(&other).unwrap();
    assert_eq!(first.dealer.expose_secret(), again.dealer.expose_secret());
    assert_eq!(first.secret.public(), again.secret.public());
    assert_ne!(
        first.dealer.expose_secret(),
        different.dealer.expose_secret()
    );
}

#[test]
fn share_is_kept_once_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(folder.path(), &passphrase("one")).unwrap();
    let context = B256::repeat_byte(7);
    assert!(vault.held_share(&context).unwrap().is_none());
    vault.keep_share(&context, &key_share(3, 5)).unwrap();
    vault.keep_share(&context, &key_share(3, 5)).unwrap();
    for other in [key_share(3, 6), key_share(4, 5)] {
        assert!(matches!(
            vault.keep_share(&context, &other),
            Err(VaultError::OtherShare(_))
        ));
    }
    let held = vault.held_share(&context).unwrap().unwrap();
    assert_eq!(held.index().get(), 3);
    assert_eq!(held.public_key(), key_share(3, 5).public_key());
}

#[test]
fn debug_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(folder.path(), &passphrase("open sesame")).unwrap();
    let context = B256::repeat_byte(7);
    vault.keep_share(&context, &key_share(3, 0x5a)).unwrap();
    let held = vault.held_share(&context).unwrap().unwrap();
    let shown = format!(
        "{vault:?} {held:?} {:?}",
        vault.ceremony_seeds(&context).unwrap()
    );
    let identity = hex::encode(vault.identity().expose_secret().as_slice());
    for secret in ["open sesame", "5a5a5a", "90, 90", identity.as_str()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn erased_share_is_gone_with_what_an_interrupted_write_left_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(folder.path(), &passphrase("one")).unwrap();
    let (old, new) = (B256::repeat_byte(1), B256::repeat_byte(2));
    vault.keep_share(&old, &key_share(1, 5)).unwrap();
    vault.keep_share(&new, &key_share(1, 6)).unwrap();
    vault.ceremony_seeds(&old).unwrap();
    let path = folder.path().join(format!("share-{old:x}"));
    // As after a kill between the two names of a new file.
    let half = folder.path().join(format!(".share-{old:x}.77.tmp"));
    fs::hard_link(&path, &half).unwrap();
    // Somebody who has the file open sees what becomes of its bytes.
    let mut open = fs::File::open(&path).unwrap();
    assert_eq!(vault.shares().unwrap(), [old, new].into());
    vault.erase_share(&old).unwrap();
    assert_eq!(vault.shares().unwrap(), [new].into());
    assert!(!path.exists() && !half.exists());
    let mut left = Vec::new();
    io::Read::read_to_end(&mut open, &mut left).unwrap();
    assert!(!left.is_empty() && left.iter().all(|byte| *byte == 0));
    // Once more does no harm, and touches nothing else.
    vault.erase_share(&old).unwrap();
    assert!(vault.held_share(&old).unwrap().is_none());
    assert!(vault.held_share(&new).unwrap().is_some());
    assert_eq!(vault.seeds().unwrap(), [old].into());
    vault.erase_seeds(&old).unwrap();
    assert!(vault.seeds().unwrap().is_empty());
    Vault::open(folder.path(), &passphrase("one")).unwrap();
}
