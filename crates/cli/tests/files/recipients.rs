//! Who may read: keys, committees, and both in one envelope.

use super::folder::Folder;

#[test]
fn owners_key_opens_what_was_sealed_to_a_network_without_asking_it() {
    let folder = Folder::new();
    folder.network("net.json", 1);
    let public = folder.keygen("owner.key");
    let said = folder.done(&[
        "encrypt",
        "text",
        "-p",
        "policy.json",
        "-n",
        "net.json",
        "--also-to",
        &public,
        "-o",
        "text.fee",
    ]);
    assert!(
        said.stdout.contains(&format!("key       {public}")),
        "{}",
        said.stdout
    );
    let said = folder.done(&["decrypt", "text.fee", "-i", "owner.key", "-o", "copy"]);
    assert_eq!(
        said.stdout,
        "decrypted 9 bytes into copy with your X25519 key\n"
    );
    assert_eq!(folder.read("copy"), b"some text");

    // Another's key does not, and says what would.
    folder.keygen("other.key");
    folder.fails(
        &["decrypt", "text.fee", "-i", "other.key", "-o", "out"],
        &["none of the given keys opens", "1 X25519 and 0 shared"],
    );
    // Both in one file: the second is tried as well.
    let both = [folder.read("other.key"), folder.read("owner.key")].concat();
    folder.put("both.key", both);
    folder.done(&["decrypt", "text.fee", "-i", "both.key", "-o", "copy-2"]);
}

#[test]
fn keys_alone_make_an_envelope_without_a_network() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.done(&["keygen", "--symmetric", "-o", "shared.key"]);
    for cipher in ["aes-256-gcm", "chacha20-poly1305", "aes-256-gcm-whole"] {
        let object = folder.json(&[
            "encrypt",
            "text",
            "--cipher",
            cipher,
            "--also-to",
            &public,
            "--also-to-shared",
            "shared.key",
            "-o",
            "text.fee",
            "--force",
        ]);
        assert_eq!(object["recipients"], 2);
        assert_eq!(object["item"], serde_json::Value::Null);
        for key in [["-i", "owner.key"], ["--shared-key", "shared.key"]] {
            let decrypt = ["decrypt", "text.fee", "-o", "copy", "--force"];
            folder.done(&[&decrypt[..], &key].concat());
            assert_eq!(folder.read("copy"), b"some text");
        }
    }
}

#[test]
fn shared_key_opens_for_those_who_have_it_alone() {
    let folder = Folder::new();
    folder.done(&["keygen", "--symmetric", "-o", "one.key"]);
    folder.done(&["keygen", "--symmetric", "-o", "two.key"]);
    folder.done(&[
        "encrypt",
        "text",
        "--also-to-shared",
        "one.key",
        "--also-to-shared",
        "two.key",
        "-o",
        "text.fee",
    ]);
    for key in ["one.key", "two.key"] {
        folder.done(&[
            "decrypt",
            "text.fee",
            "--shared-key",
            key,
            "-o",
            "copy",
            "--force",
        ]);
    }
    folder.done(&["keygen", "--symmetric", "-o", "three.key"]);
    folder.fails(
        &[
            "decrypt",
            "text.fee",
            "--shared-key",
            "three.key",
            "-o",
            "out",
        ],
        &["none of the given keys", "0 X25519 and 2 shared"],
    );
}

#[test]
fn external_key_makes_an_envelope_without_recipients() {
    let folder = Folder::new();
    folder.done(&["keygen", "--symmetric", "-o", "cek"]);
    folder.done(&["encrypt", "text", "--cek-file", "cek", "-o", "text.fee"]);
    let object = folder.json(&["inspect", "text.fee"]);
    assert_eq!(object["recipients"], serde_json::json!([]));
    assert_eq!(object["canBeRewrapped"], false);
    folder.done(&["decrypt", "text.fee", "--cek-file", "cek", "-o", "copy"]);
    assert_eq!(folder.read("copy"), b"some text");

    folder.fails(
        &["decrypt", "text.fee", "-o", "out"],
        &["the envelope has no recipients", "--cek-file"],
    );
    folder.done(&["keygen", "--symmetric", "-o", "other"]);
    folder.fails(
        &["decrypt", "text.fee", "--cek-file", "other", "-o", "out"],
        &["the key does not belong to this envelope"],
    );
}

#[test]
fn external_key_is_wrapped_for_recipients_when_there_are_any() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.put("cek", "42".repeat(32));
    folder.done(&[
        "encrypt",
        "text",
        "--cek-file",
        "cek",
        "--also-to",
        &public,
        "-o",
        "text.fee",
    ]);
    folder.done(&[
        "unwrap",
        "text.fee",
        "-i",
        "owner.key",
        "--cek-out",
        "again",
    ]);
    assert_eq!(
        folder.read("again"),
        ["42".repeat(32), "\n".to_owned()].concat().into_bytes()
    );
}

#[test]
fn two_networks_stand_in_one_envelope_with_one_policy_or_two() {
    let folder = Folder::new();
    folder.network("a.json", 1);
    folder.network("b.json", 2);
    let other = super::folder::POLICY.replace("\"1\" }", "\"7\" }");
    folder.put("other.json", other);
    let encrypt = |pairs: &[&str], out: &str| {
        let args = [&["encrypt", "text", "-o", out], pairs].concat();
        folder.json(&args)
    };
    let object = encrypt(
        &["-p", "policy.json", "-n", "a.json", "-n", "b.json"],
        "one-policy.fee",
    );
    let networks = object["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 2);
    assert_eq!(networks[0]["policyDigest"], networks[1]["policyDigest"]);
    assert_ne!(networks[0]["network"], networks[1]["network"]);

    let pairs = [
        "-p",
        "policy.json",
        "-p",
        "other.json",
        "-n",
        "a.json",
        "-n",
        "b.json",
    ];
    let object = encrypt(&pairs, "two.fee");
    let networks = object["networks"].as_array().unwrap();
    assert_eq!(networks[0]["name"], "a.json");
    assert_ne!(networks[0]["policyDigest"], networks[1]["policyDigest"]);
    let inspected = folder.json(&["inspect", "two.fee"]);
    assert_eq!(
        inspected["recipients"][0]["network"],
        networks[0]["network"]
    );
    assert_eq!(
        inspected["recipients"][1]["policy"]["rule"]["balance"]["min"],
        "7"
    );
    // One file, one item, whichever network opens it.
    assert_eq!(inspected["recipients"][0]["item"], object["item"]);
    assert_eq!(inspected["recipients"][1]["item"], object["item"]);

    // Two policies at one network: either of them opens; the key id is the same.
    encrypt(
        &["-p", "policy.json", "-p", "other.json", "-n", "a.json"],
        "alternatives.fee",
    );
    let inspected = folder.json(&["inspect", "alternatives.fee"]);
    assert_eq!(
        inspected["recipients"][0]["kid"],
        inspected["recipients"][1]["kid"]
    );
}

#[test]
fn policies_and_networks_that_do_not_pair_are_refused() {
    let folder = Folder::new();
    folder.network("a.json", 1);
    folder.network("b.json", 2);
    let p = ["-p", "policy.json"];
    let (a, b) = (["-n", "a.json"], ["-n", "b.json"]);
    let encrypt: &[&str] = &["encrypt", "text", "-o", "out"];
    folder.fails(
        &[encrypt, &p, &p, &p, &a, &b].concat(),
        &["3 policies do not pair with 2 networks"],
    );
    folder.fails(&[encrypt, &p].concat(), &["no network", "STHENO_NETWORK"]);
    folder.fails(&[encrypt, &a].concat(), &["no policy", "--policy"]);
    folder.fails(encrypt, &["nobody is named", "--also-to"]);
}

#[test]
fn network_of_the_environment_serves_a_policy_alone() {
    let folder = Folder::new();
    folder.network("a.json", 1);
    let public = folder.keygen("owner.key");
    let run = |args: &[&str]| {
        let mut command = folder.stheno(args);
        command.env("STHENO_NETWORK", "a.json");
        assert!(command.output().unwrap().status.success(), "{args:?}");
    };
    run(&["encrypt", "text", "-p", "policy.json", "-o", "with.fee"]);
    run(&["encrypt", "text", "--also-to", &public, "-o", "without.fee"]);
    let recipients = |name| folder.json(&["inspect", name])["recipients"].clone();
    assert_eq!(recipients("with.fee")[0]["kind"], "threshold committee");
    assert_eq!(recipients("without.fee").as_array().unwrap().len(), 1);
}

#[test]
fn header_beyond_what_other_tools_fetch_is_written_with_a_warning() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    let mut args = vec!["encrypt", "text", "-o", "text.fee", "--force"];
    for _ in 0..40 {
        args.extend(["--also-to", &public]);
    }
    let said = folder.done(&args);
    assert!(
        said.stderr.contains("warning: the header has") && said.stderr.contains("4096"),
        "{}",
        said.stderr
    );
    assert!(
        folder.json(&args)["warning"]
            .as_str()
            .unwrap()
            .contains("4096")
    );
    folder.done(&["decrypt", "text.fee", "-i", "owner.key", "-o", "copy"]);
    assert!(
        folder
            .done(&["inspect", "text.fee"])
            .stdout
            .contains("warning: ")
    );
}

#[test]
fn standard_input_is_given_to_one_thing_alone() {
    let folder = Folder::new();
    folder.fails(
        &["encrypt", "-", "--cek-file", "-", "-o", "out"],
        &["standard input cannot be two things"],
    );
    folder.fails(
        &["decrypt", "-", "-i", "-", "-o", "out"],
        &["standard input cannot be two things"],
    );
}
