//! A real server on a real socket, against a chain in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod canary;
#[path = "../double/mod.rs"]
mod double;
mod explain;
mod grants;
mod private;
mod refusals;
mod running;

use double::Home;

/// How many receipts the node has on disk.
async fn receipts(home: &Home) -> i64 {
    use sqlx::{Connection, sqlite::SqliteConnectOptions};
    let path = home.folder.path().join("data/node.db");
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    sqlx::query_scalar("SELECT count(*) FROM receipt")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}
