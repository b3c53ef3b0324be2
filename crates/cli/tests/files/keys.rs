//! `stheno keygen`, and files with keys.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;

use super::folder::Folder;

#[cfg(unix)]
fn mode(folder: &Folder, name: &str) -> u32 {
    let metadata = std::fs::metadata(folder.path(name)).unwrap();
    metadata.permissions().mode() & 0o777
}

/// The line of a key file that is the secret.
fn secret_of(folder: &Folder, name: &str) -> String {
    let text = String::from_utf8(folder.read(name)).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[test]
fn keygen_prints_the_public_key_and_keeps_the_secret_in_a_file_of_its_owner() {
    let folder = Folder::new();
    let said = folder.done(&["keygen", "-o", "owner.key"]);
    let public = said.stdout.trim();
    assert!(public.starts_with("stheno1"), "{public}");
    assert_eq!(said.stderr, "");

    let file = String::from_utf8(folder.read("owner.key")).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    assert!(lines[0].starts_with("# created: 20"), "{}", lines[0]);
    assert_eq!(lines[1], format!("# public key: {public}"));
    assert!(lines[2].starts_with("STHENO-SECRET-KEY-1"));
    assert!(!said.stdout.contains(lines[2]));
    #[cfg(unix)]
    assert_eq!(mode(&folder, "owner.key"), 0o600);

    assert_eq!(
        folder.done(&["keygen", "-y", "owner.key"]).stdout,
        said.stdout
    );
    let object = folder.json(&["keygen", "-y", "owner.key"]);
    assert_eq!(object["keys"][0]["publicKey"], public);
    let object = folder.json(&["keygen", "-o", "other.key"]);
    assert_eq!(object["output"], "other.key");
    assert_eq!(object["publicKeyHex"].as_str().unwrap().len(), 64);
    assert_ne!(object["publicKey"], public);
}

#[test]
fn keygen_writes_to_a_pipe_when_it_is_told_to() {
    let folder = Folder::new();
    let said = folder.done(&["keygen", "-o", "-"]);
    folder.put("piped.key", &said.stdout);
    let public = folder.done(&["keygen", "-y", "piped.key"]).stdout;
    assert_eq!(said.stderr, format!("public key: {public}"));
}

#[test]
fn keygen_never_replaces_a_key_unless_forced() {
    let folder = Folder::new();
    folder.keygen("owner.key");
    let before = folder.read("owner.key");
    folder.fails(
        &["keygen", "-o", "owner.key"],
        &["owner.key exists already", "--force"],
    );
    assert_eq!(folder.read("owner.key"), before);
    folder.done(&["keygen", "-o", "owner.key", "--force"]);
    assert_ne!(folder.read("owner.key"), before);
}

#[test]
fn keygen_makes_symmetric_keys_in_hex() {
    let folder = Folder::new();
    folder.done(&["keygen", "--symmetric", "-o", "shared.key"]);
    let text = String::from_utf8(folder.read("shared.key")).unwrap();
    assert_eq!(hex::decode(text.trim()).unwrap().len(), 32);
    #[cfg(unix)]
    assert_eq!(mode(&folder, "shared.key"), 0o600);
}

#[test]
fn secret_key_at_the_command_line_is_refused_and_not_repeated() {
    let folder = Folder::new();
    folder.keygen("owner.key");
    let secret = secret_of(&folder, "owner.key");
    let said = folder.fails(
        &["encrypt", "text", "--also-to", &secret, "-o", "out"],
        &["--also-to: this is a secret key"],
    );
    assert!(!said.contains(&secret), "{said}");
}

#[test]
fn public_key_with_a_mistyped_letter_is_refused() {
    let folder = Folder::new();
    let mut key = folder.keygen("owner.key");
    let last = if key.pop() == Some('q') { 'p' } else { 'q' };
    key.push(last);
    folder.fails(
        &["encrypt", "text", "--also-to", &key, "-o", "out"],
        &["checksum", "mistyped"],
    );
    folder.fails(
        &["encrypt", "text", "--also-to", "age1qqq", "-o", "out"],
        &["expected stheno1"],
    );
}

#[test]
fn file_that_holds_no_key_is_named_and_not_repeated() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.done(&["encrypt", "text", "--also-to", &public, "-o", "text.fee"]);
    folder.put("nonsense", "5ec4e7");
    folder.put("empty", "# nothing\n\n");
    folder.put("public", format!("{public}\n"));
    folder.put("bytes", [0xff; 40]);
    folder.put("large", vec![b'#'; 70_000]);
    for (file, words) in [
        ("nonsense", "nonsense, line 1: this is no key"),
        ("empty", "empty holds no key"),
        ("public", "public, line 1: this is a public key"),
        ("bytes", "bytes holds no key, but bytes"),
        ("large", "large is larger than 64 KiB"),
        ("nothing", "nothing cannot be read"),
    ] {
        let args = ["decrypt", "text.fee", "-i", file, "-o", "out"];
        let output = folder.stheno(&args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{file}: {said}");
        assert!(said.contains(words), "{file}: {said}");
        assert!(!said.contains("5ec4e7"), "{said}");
        assert!(!folder.path("out").exists());
    }
    for option in ["--cek-file", "--shared-key"] {
        folder.fails(
            &["decrypt", "text.fee", option, "nonsense", "-o", "out"],
            &[
                "nonsense is not a key of 64 hex digits",
                "keygen --symmetric",
            ],
        );
    }
}

#[cfg(unix)]
#[test]
fn key_that_others_can_read_is_used_with_a_warning() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.done(&["encrypt", "text", "--also-to", &public, "-o", "text.fee"]);
    let open_to_all = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(folder.path("owner.key"), open_to_all).unwrap();
    let said = folder.done(&["decrypt", "text.fee", "-i", "owner.key", "-o", "out"]);
    assert!(
        said.stderr.contains("warning: other users can read"),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("chmod 600 owner.key"));
}

#[test]
fn unwrap_hands_the_key_over_and_never_replaces_a_file_unless_forced() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.done(&["encrypt", "text", "--also-to", &public, "-o", "text.fee"]);
    let unwrap = ["unwrap", "text.fee", "-i", "owner.key", "--cek-out", "cek"];
    let said = folder.done(&unwrap);
    assert!(
        said.stdout.contains("with your X25519 key"),
        "{}",
        said.stdout
    );
    let key = String::from_utf8(folder.read("cek")).unwrap();
    assert_eq!((key.len(), key.ends_with('\n')), (65, true));
    assert!(!said.stdout.contains(key.trim()) && !said.stderr.contains(key.trim()));
    #[cfg(unix)]
    assert_eq!(mode(&folder, "cek"), 0o600);

    folder.fails(&unwrap, &["cek exists already"]);
    let object = folder.json(&[&unwrap[..], &["--force"]].concat());
    assert_eq!(object["openedWith"], "X25519 key");
    let piped = folder.done(&["unwrap", "text.fee", "-i", "owner.key", "--cek-out", "-"]);
    assert_eq!(piped.stdout, key);

    folder.done(&["decrypt", "text.fee", "--cek-file", "cek", "-o", "copy"]);
    assert_eq!(folder.read("copy"), b"some text");
}
