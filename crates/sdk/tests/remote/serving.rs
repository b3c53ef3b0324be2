//! A server on loopback, for the tests of sources and of storage.

use std::thread;

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

/// Serves on a thread of its own, on a port that is free.
pub(crate) fn serve(router: Router) -> (Url, oneshot::Sender<()>) {
    let (stop, stopped) = oneshot::channel::<()>();
    let (bound, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            bound.send(listener.local_addr().unwrap()).unwrap();
            tokio::select! {
                served = async { axum::serve(listener, router).await } => served.unwrap(),
                _ = stopped => {}
            }
        });
    });
    let url = format!("http://{}", address.recv().unwrap());
    (url.parse().unwrap(), stop)
}
