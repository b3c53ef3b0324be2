//! Envelopes that somebody broke: every command that reads them says what is wrong.

use super::folder::Folder;

/// An envelope of nine bytes, of the parts that are given.
fn envelope(unprotected: &[u8], recipients: Option<&[u8]>) -> Vec<u8> {
    // { 1: -65793, 16: "application/vnd.foc-envelope+cose" }
    let mut protected = hex::decode("a2013a00010100107821").unwrap();
    protected.extend_from_slice(b"application/vnd.foc-envelope+cose");
    let mut bytes = match recipients {
        Some(_) => vec![0xd8, 96, 0x84],
        None => vec![0xd0, 0x83],
    };
    bytes.extend([0x58, protected.len() as u8]);
    bytes.extend(protected);
    bytes.extend_from_slice(unprotected);
    bytes.push(0xf6);
    bytes.extend_from_slice(recipients.unwrap_or_default());
    bytes.extend([0; 25]);
    bytes
}

/// { 5: nonce, -65790: size, -65791: count }.
fn unprotected(size: &[u8], count: &[u8]) -> Vec<u8> {
    let mut map = hex::decode("a30547000000000000003a000100fd").unwrap();
    map.extend_from_slice(size);
    map.extend(hex::decode("3a000100fe").unwrap());
    map.extend_from_slice(count);
    map
}

const SIZE: &[u8] = &[0x19, 0x10, 0x00];
/// [ h'', { 1: -5, 4: h'' }, 40 bytes ]
const RECIPIENT: [u8; 49] = {
    let mut bytes = [0; 49];
    let head = [0x83, 0x40, 0xa2, 0x01, 0x24, 0x04, 0x40, 0x58, 0x28];
    let mut at = 0;
    while at < head.len() {
        bytes[at] = head[at];
        at += 1;
    }
    bytes
};

#[test]
fn malformed_envelopes_are_refused_by_every_command_with_the_fault_named() {
    let folder = Folder::new();
    folder.put("cek", "42".repeat(32));
    let recipients = |count: &[u8], times: usize| {
        let mut list = count.to_vec();
        for _ in 0..times {
            list.extend(RECIPIENT);
        }
        envelope(&unprotected(SIZE, &[1]), Some(&list))
    };
    // An application's map of 1 MiB.
    let mut large = hex::decode("a20547000000000000003a000100ff").unwrap();
    large.extend([0xa1, 0x00, 0x5a, 0x00, 0x10, 0x00, 0x00]);
    large.extend(vec![0; 1 << 20]);
    for (bytes, words) in [
        (
            envelope(&large, None),
            "the header is larger than 1048576 bytes",
        ),
        (
            envelope(&unprotected(&[0x00], &[1]), None),
            "the chunk size is outside 1 to 67108864 bytes",
        ),
        (
            // One byte more than 64 MiB.
            envelope(&unprotected(&[0x1a, 4, 0, 0, 1], &[1]), None),
            "the chunk size is outside 1 to 67108864 bytes",
        ),
        (
            // 2³² + 1.
            envelope(&unprotected(SIZE, &[0x1b, 0, 0, 0, 1, 0, 0, 0, 1]), None),
            "the chunk count is outside 1 to 2^32",
        ),
        (
            envelope(&unprotected(SIZE, &[0x00]), None),
            "the chunk count is outside 1 to 2^32",
        ),
        (recipients(&[0x80], 0), "the list of recipients is empty"),
        (
            recipients(&[0x99, 0x27, 0x10], 10_000),
            "the header has 10000 recipients, more than 1000",
        ),
        (
            // What stands in the second place is the body.
            recipients(&[0x82], 1),
            "recipient 1 is not an array of three or four parts",
        ),
    ] {
        folder.put("bad.fee", &bytes);
        let cek = ["--cek-file", "cek", "-o", "out"];
        folder.fails(&["inspect", "bad.fee"], &[words]);
        folder.fails(&[&["decrypt", "bad.fee"], &cek[..]].concat(), &[words]);
        folder.fails(&[&["unwrap", "bad.fee"], &cek[..]].concat(), &[words]);
        let rewrap = ["rewrap", "bad.fee", "--remove", "1", "-o", "out"];
        folder.fails(&rewrap, &[words]);
    }
}

#[test]
fn chunk_count_that_contradicts_the_stream_is_an_error() {
    let folder = Folder::new();
    folder.put("cek", "42".repeat(32));
    folder.put("data", vec![7; 9000]);
    let encrypt = [
        "encrypt",
        "data",
        "--cek-file",
        "cek",
        "--chunk-size",
        "4096",
    ];
    folder.done(&[&encrypt[..], &["-o", "data.fee"]].concat());
    let mut bytes = folder.read("data.fee");
    let label = hex::decode("3a000100fe").unwrap();
    let at = bytes
        .windows(label.len())
        .position(|window| window == label)
        .unwrap();
    assert_eq!(bytes[at + label.len()], 3);
    for other in [2, 4] {
        bytes[at + label.len()] = other;
        folder.put("bad.fee", &bytes);
        let words = format!("the header declares {other} chunks, the body has");
        folder.fails(
            &["decrypt", "bad.fee", "--cek-file", "cek", "-o", "out"],
            &[&words],
        );
    }
}

#[test]
fn chunk_sizes_that_are_not_written_are_refused() {
    let folder = Folder::new();
    folder.put("cek", "42".repeat(32));
    for size in ["0", "4095", "16777217"] {
        let encrypt = ["encrypt", "text", "--cek-file", "cek", "--chunk-size", size];
        folder.fails(
            &[&encrypt[..], &["-o", "out"]].concat(),
            &["is outside 4096 to 16777216 bytes"],
        );
    }
}

#[test]
fn recipients_with_one_key_id_are_tried_in_turn() {
    let folder = Folder::new();
    let public = folder.keygen("owner.key");
    folder.done(&["keygen", "--symmetric", "-o", "shared.key"]);
    folder.done(&[
        "encrypt",
        "text",
        "--also-to",
        &public,
        "--also-to-shared",
        "shared.key",
        "-o",
        "text.fee",
    ]);
    // A recipient of the same key id that hides nothing, in front.
    let bytes = folder.read("text.fee");
    let list = bytes
        .windows(2)
        .position(|pair| pair == [0xf6, 0x82])
        .unwrap()
        + 1;
    let kid = hex::decode(
        folder.json(&["inspect", "text.fee"])["recipients"][1]["kid"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    let mut decoy = vec![0x83, 0x43, 0xa1, 0x01, 0x24, 0xa1, 0x04, 0x48];
    decoy.extend(kid);
    decoy.extend([0x58, 0x28]);
    decoy.extend([0xee; 40]);
    let more = [&bytes[..list], &[0x83], &decoy, &bytes[list + 1..]].concat();
    folder.put("more.fee", more);
    let inspected = folder.json(&["inspect", "more.fee"]);
    assert_eq!(
        inspected["recipients"][0]["kid"],
        inspected["recipients"][2]["kid"]
    );
    folder.done(&[
        "decrypt",
        "more.fee",
        "--shared-key",
        "shared.key",
        "-o",
        "copy",
    ]);
    assert_eq!(folder.read("copy"), b"some text");
}
