//! The command's memory does not grow with the file. `STHENO_MEMORY_MIB` sets another size than
//! 128 MiB; `make memory` takes 4 GiB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]
#![cfg(target_os = "linux")]

use std::{
    io::Write,
    process::{Child, Command, Stdio},
};

/// The most memory that a running process ever had, in MiB.
fn peak_mib(process: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    peak.split_whitespace()
        .next()
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

fn stheno(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stheno"));
    command.args(args);
    for name in [
        "STHENO_PRIVATE_KEY",
        "STHENO_KEYSTORE",
        "STHENO_NETWORK",
        "STHENO_RPC",
    ] {
        command.env_remove(name);
    }
    command
}

/// Encrypting with a PieceCID, and decrypting, one into the other.
#[test]
fn command_stays_under_64_mib_for_any_size() {
    let mib: usize = std::env::var("STHENO_MEMORY_MIB").map_or(128, |mib| mib.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "7".repeat(64)).unwrap();
    let key = key.to_str().unwrap();
    for cipher in ["aes-256-gcm", "chacha20-poly1305"] {
        let args = [
            "encrypt",
            "-",
            "-o",
            "-",
            "--piece",
            "--cek-file",
            key,
            "--cipher",
            cipher,
        ];
        let mut encrypting = stheno(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut decrypting = stheno(&["decrypt", "-", "-o", "/dev/null", "--cek-file", key])
            .stdin(encrypting.stdout.take().unwrap())
            .spawn()
            .unwrap();
        let mut input = encrypting.stdin.take().unwrap();
        let block = vec![0x5a; 1 << 20];
        for _ in 0..mib {
            input.write_all(&block).unwrap();
        }
        // All but what the pipes hold has passed; neither has ended, since the input has not.
        let peaks = [peak_mib(&encrypting), peak_mib(&decrypting)];
        drop(input);
        assert!(encrypting.wait().unwrap().success());
        assert!(decrypting.wait().unwrap().success());
        println!("{cipher}: {mib} MiB with peaks of {peaks:?} MiB");
        assert!(peaks.iter().all(|peak| *peak <= 64), "{peaks:?} MiB");
    }
}
