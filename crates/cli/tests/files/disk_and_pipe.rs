//! What the world does to a program: full disks, files that change, readers that go away.

#![cfg(unix)]

use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Write},
    process::{Command, Stdio},
};

use super::folder::{Folder, Said};

/// A folder with a file of a mebibyte, its envelope, and the key of both.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.done(&["keygen", "--symmetric", "-o", "cek"]);
    folder.put("data", vec![7; 1 << 20]);
    folder.done(&["encrypt", "data", "--cek-file", "cek", "-o", "data.fee"]);
    folder
}

const ENCRYPT: &str = "encrypt data --cek-file cek -o";
const DECRYPT: &str = "decrypt data.fee --cek-file cek -o";
const REWRAP: &str = "rewrap data.fee --cek-file cek --also-to";

fn stheno() -> &'static str {
    env!("CARGO_BIN_EXE_stheno")
}

#[test]
fn full_disk_leaves_nothing_and_says_how_much_was_needed() {
    let folder = folder();
    let envelope = fs::metadata(folder.path("data.fee")).unwrap().len();
    let before = folder.names();
    for (line, needed) in [(ENCRYPT, envelope), (DECRYPT, 1 << 20)] {
        // 512 KiB to a file; the signal that would end the program is ignored, as most shells do.
        let limited = format!("trap '' XFSZ; ulimit -f 1024; exec {} {line} out", stheno());
        let said = Said::of(folder.here("sh", &["-c", &limited]).output().unwrap());
        assert_eq!(said.code, Some(2), "{}", said.stderr);
        said.complains(&[
            "there is no room for out",
            &format!("it needs {needed} bytes"),
            "make room",
        ]);
        assert_eq!(folder.names(), before, "{line}");
    }
}

#[test]
fn full_tmpfs_leaves_nothing_and_says_how_much_was_needed() {
    let folder = folder();
    // A file system of the test's own, which ends with its process.
    let mount = "mkdir disk && mount -t tmpfs -o size=600k tmpfs disk";
    let may = folder.here("unshare", &["-m", "sh", "-c", mount]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        println!("skipped: no right to mount a file system");
        return;
    }
    for line in [ENCRYPT, DECRYPT] {
        let script = format!(
            "mount -t tmpfs -o size=600k tmpfs disk && {{ {} {line} disk/out; echo code $?; ls -A \
             disk; df --output=used disk | tail -1; }}",
            stheno()
        );
        let output = folder
            .here("unshare", &["-m", "sh", "-c", &script])
            .output();
        let said = Said::of(output.unwrap());
        said.complains(&["there is no room for disk/out", "No space left on device"]);
        let lines: Vec<&str> = said.stdout.lines().map(str::trim).collect();
        assert_eq!(lines, ["code 2", "0"], "{}", said.stdout);
    }
}

#[test]
fn full_device_is_named_too() {
    let folder = folder();
    if !std::path::Path::new("/dev/full").exists() {
        println!("skipped: there is no /dev/full");
        return;
    }
    folder.fails(
        &[
            "decrypt",
            "data.fee",
            "--cek-file",
            "cek",
            "-o",
            "/dev/full",
        ],
        &["there is no room for /dev/full", "1048576 bytes"],
    );
}

#[test]
fn reader_that_goes_away_ends_the_program_quietly() {
    let folder = folder();
    let public = folder.keygen("owner.key");
    folder.done(&["encrypt", "data", "--also-to", &public, "-o", "owner.fee"]);
    let rewrap = format!("{REWRAP} {public}")
        .replace("data.fee", "owner.fee")
        .replace("--cek-file cek", "-i owner.key");
    for line in [ENCRYPT, DECRYPT, &format!("{rewrap} -o")] {
        let args: Vec<&str> = line.split(' ').chain(["-"]).collect();
        let mut child = folder
            .stheno(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 10]).unwrap();
        drop(stdout);
        let said = Said::of(child.wait_with_output().unwrap());
        // As a shell reports a program that SIGPIPE ended.
        assert_eq!(said.code, Some(141), "{line}: {}", said.stderr);
        assert_eq!(said.stderr, "", "{line}");
    }
}

#[test]
fn writer_that_goes_away_leaves_no_plaintext_behind() {
    let folder = folder();
    let before = folder.names();
    let mut child = folder
        .stheno(&["decrypt", "-", "--cek-file", "cek", "-o", "out"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let envelope = folder.read("data.fee");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&envelope[..envelope.len() / 2]).unwrap();
    drop(stdin);
    let said = Said::of(child.wait_with_output().unwrap());
    assert_eq!(said.code, Some(2));
    said.complains(&["chunk 1 does not authenticate", "fetch the file again"]);
    assert_eq!(folder.names(), before);
}

#[test]
fn file_that_is_changed_while_it_is_read_is_an_error() {
    let folder = folder();
    let fifo = folder.path("fifo");
    // More than all workers of a large machine hold at once.
    let data = File::create(folder.path("data")).unwrap();
    data.set_len(48 << 20).unwrap();
    let status = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(status.success());
    // Overwritten, the size stays: only the time of modification tells.
    for (cut, words) in [
        (false, "data was changed while it was read"),
        (true, "did it change while it was read"),
    ] {
        let child = folder
            .stheno(&["encrypt", "data", "--cek-file", "cek", "-o", "fifo"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe holds 64 KiB: the program waits in the middle of the file until it is drained.
        let mut pipe = File::open(&fifo).unwrap();
        pipe.read_exact(&mut [0; 10]).unwrap();
        let mut data = OpenOptions::new()
            .write(true)
            .open(folder.path("data"))
            .unwrap();
        match cut {
            true => data.set_len(100).unwrap(),
            false => data.write_all(b"changed").unwrap(),
        }
        drop(data);
        pipe.read_to_end(&mut Vec::new()).unwrap();
        let said = Said::of(child.wait_with_output().unwrap());
        assert_eq!(said.code, Some(2), "{}", said.stderr);
        said.complains(&[words]);
    }
}
