//! A thread with a runtime of its own, for blocking callers of asynchronous code.
//!
//! A blocking call from inside a runtime could otherwise wait for ever for a task that only its own
//! thread would run.

use std::{future::Future, io, sync::mpsc, thread};

/// Runs a future to its end on a thread of its own, while the caller goes on. The future is made
/// there, so that whatever it opens belongs to that thread's runtime.
pub(crate) fn spawn<F>(make: impl FnOnce() -> F + Send + 'static) -> io::Result<()>
where
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("stheno-source".to_owned())
        .spawn(move || runtime.block_on(async { make().await }))?;
    Ok(())
}

/// Runs a future on a thread of its own, and waits for it.
pub(crate) fn wait<F, T>(make: impl FnOnce() -> F + Send + 'static) -> io::Result<T>
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    let (done, result) = mpsc::sync_channel(1);
    spawn(move || async move {
        // Nobody is left to tell when the caller panicked meanwhile.
        let _ = done.send(make().await);
    })?;
    result.recv().map_err(io::Error::other)
}
