//! The configuration and the disk.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use url::Url;

use super::report::Report;
use crate::{Config, data_dir::DataDir};

/// Less is wrong: the database can no longer be relied on to grow.
const LEAST_BYTES: u64 = 256 << 20;
/// Less is worth a look.
const SCARCE_BYTES: u64 = 2 << 30;

pub(super) fn configuration(path: &Path, config: &Config, report: &mut Report) {
    let network = &config.network;
    report.fine(
        "config",
        format_args!(
            "{}: committee {} of {} on chain {}",
            path.display(),
            network.committee_id,
            network.contract,
            network.chain_id
        ),
    );
    if let Some(endpoint) = config.endpoint.as_ref().filter(|url| is_bare(url)) {
        report.warn(
            "config",
            format_args!("readers reach this node at {endpoint}, without TLS"),
            "put a proxy with a certificate in front of it; shares are sealed to readers, but who \
             asks for what can be seen",
        );
    }
}

/// Neither encrypted nor on this machine.
fn is_bare(url: &Url) -> bool {
    let here = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && !here
}

pub(super) fn disk(config: &Config, report: &mut Report) {
    let folder = &config.data_dir;
    if !folder.is_dir() {
        report.wrong(
            "disk",
            format_args!("there is no data directory {}", folder.display()),
            "run `init` for a new node, or `restore` for one that was backed up",
        );
        return;
    }
    exposed(folder, report);
    room(folder, report);
    match durable(folder) {
        Ok(()) => report.fine("disk", "a file can be written and made durable"),
        Err(error) => report.wrong(
            "disk",
            format_args!("nothing can be written to {}: {error}", folder.display()),
            "check the disk, its mount options and the directory's owner",
        ),
    }
}

/// Whether others can read what lies there.
fn exposed(folder: &Path, report: &mut Report) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let vault = DataDir::new(folder).vault();
        for folder in [folder, vault.as_path()] {
            let Ok(metadata) = fs::metadata(folder) else {
                continue;
            };
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                report.warn(
                    "disk",
                    format_args!("others can look into {} (mode {mode:o})", folder.display()),
                    format_args!("chmod 700 {}", folder.display()),
                );
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, report);
}

fn room(folder: &Path, report: &mut Report) {
    let free = match free_bytes(folder) {
        Ok(free) => free,
        Err(error) => {
            report.warn(
                "disk",
                format_args!(
                    "how much is free in {} is not known: {error}",
                    folder.display()
                ),
                "check the disk",
            );
            return;
        }
    };
    let what = format!("{} MiB are free in {}", free >> 20, folder.display());
    if free < LEAST_BYTES {
        report.wrong(
            "disk",
            what,
            "make room: without it the node stops at its next receipt",
        );
    } else if free < SCARCE_BYTES {
        report.warn(
            "disk",
            what,
            "make room, or give receipts away with `export-receipts`",
        );
    } else {
        report.fine("disk", what);
    }
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a small file, waits until it is on disk, and removes it.
fn durable(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".doctor.{}.tmp", std::process::id()));
    let written = File::create_new(&path).and_then(|mut file| {
        file.write_all(b"a sign of life\n")?;
        file.sync_all()
    });
    // It is in nobody's way; the write is what counts.
    let _ = fs::remove_file(&path);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disk_is_wrong_without_a_data_directory_and_fine_with_one() {
        let folder = tempfile::tempdir().unwrap();
        let config = |path: &Path| {
            let text = format!(
                "data_dir = {:?}\n[network]\nchain_id = 1\ncommittee_id = 1\n\
                 contract = \"0x5FbDB2315678afecb367f032d93F642f64180aa3\"\n\
                 [[chain]]\nchain_id = 1\nrpc = [\"http://127.0.0.1:1\"]",
                path
            );
            Config::parse(&text, Path::new("node.toml")).unwrap()
        };
        let mut report = Report::default();
        disk(&config(&folder.path().join("none")), &mut report);
        assert_eq!(report.marks(), [("disk", "wrong")]);

        let mut report = Report::default();
        disk(&config(folder.path()), &mut report);
        assert!(report.marks().contains(&("disk", "ok")));
        assert_eq!(report.count_wrong(), 0, "{}", report.in_words());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn disk_warns_of_a_directory_that_others_can_look_into() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut report = Report::default();
        exposed(folder.path(), &mut report);
        assert_eq!(report.marks(), [("disk", "warning")]);
        assert!(
            report.in_words().contains("chmod 700"),
            "{}",
            report.in_words()
        );
    }

    #[test]
    fn endpoint_is_bare_when_it_is_neither_encrypted_nor_local() {
        let bare = |text: &str| is_bare(&text.parse().unwrap());
        assert!(bare("http://node.example/"));
        assert!(!bare("https://node.example/"));
        for here in [
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://localhost/",
        ] {
            assert!(!bare(here), "{here}");
        }
    }
}
