//! Ctrl-C: the unfinished output is removed and the program ends, whatever it is doing.
//!
//! Decryption may be deep in a blocking read when the signal comes, so destructors cannot be relied on.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, PoisonError},
};

static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes `path` if the program is interrupted.
pub fn remove_on_exit(path: &Path) {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    unfinished.push(path.to_owned());
}

/// The file is complete: an interrupt leaves it alone.
pub fn keep(path: &Path) {
    let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
    unfinished.retain(|kept| kept != path);
}

/// Starts to listen for Ctrl-C and, on Unix, for a request to terminate.
#[allow(clippy::print_stderr, reason = "this is the program's edge")]
pub fn listen() {
    tokio::spawn(async {
        if !signalled().await {
            return;
        }
        // The lock is held to the end: nobody commits the file after it was removed here.
        let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        for path in unfinished.iter() {
            // It may be gone already; there is nothing left to do about it either way.
            let _ = match path.is_dir() {
                true => fs::remove_dir_all(path),
                false => fs::remove_file(path),
            };
        }
        eprintln!("interrupted");
        process::exit(130);
    });
}

#[cfg(unix)]
async fn signalled() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return tokio::signal::ctrl_c().await.is_ok();
    };
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => interrupt.is_ok(),
        received = terminate.recv() => received.is_some(),
    }
}

#[cfg(not(unix))]
async fn signalled() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
