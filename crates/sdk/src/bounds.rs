//! What differs between native threads and a browser's single one.

use std::{future::Future, pin::Pin};

use futures::Stream;

/// A boxed future; `Send` where there are threads.
#[cfg(not(target_family = "wasm"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A boxed future; `Send` where there are threads.
#[cfg(target_family = "wasm")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A boxed stream; `Send` where there are threads.
#[cfg(not(target_family = "wasm"))]
pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;
/// A boxed stream; `Send` where there are threads.
#[cfg(target_family = "wasm")]
pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + 'a>>;

/// `Send + Sync` where there are threads, nothing in a browser.
#[cfg(not(target_family = "wasm"))]
pub trait Shareable: Send + Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send + Sync + ?Sized> Shareable for T {}

/// `Send + Sync` where there are threads, nothing in a browser.
#[cfg(target_family = "wasm")]
pub trait Shareable {}
#[cfg(target_family = "wasm")]
impl<T: ?Sized> Shareable for T {}
