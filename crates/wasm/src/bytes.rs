//! Streams of a page, as a pair of functions: one that gives the next bytes, one that takes some and
//! settles when there is room for more. Their bytes are copied into WebAssembly's memory and out of it,
//! or stay where they are.
//!
//! Who gives bytes gets their buffers back with the next call: memory that is new costs a browser
//! more than the cipher.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{AsyncRead, AsyncWrite, Sink, Stream, sink, stream};
use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{lease::Pile, webcrypto::Bytes};

/// The most that is copied in and out at once.
const MOST: usize = 1 << 20;

/// Bytes that a function gives: `(back: ArrayBuffer[]) => Promise<Uint8Array | undefined>`.
pub(crate) struct Pulled {
    pull: Function,
    waiting: Option<JsFuture>,
    current: Option<Uint8Array>,
    taken: u32,
    read: Pile,
}

impl Pulled {
    pub(crate) fn new(pull: Function) -> Self {
        Self {
            pull,
            waiting: None,
            current: None,
            taken: 0,
            read: Pile::default(),
        }
    }
}

impl AsyncRead for Pulled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(bytes) = &self.current {
                let left = bytes.length().saturating_sub(self.taken);
                let size = usize::try_from(left).unwrap_or(MOST).min(buffer.len());
                if let Some(part) = buffer.get_mut(..size).filter(|part| !part.is_empty()) {
                    let end = self.taken + size as u32;
                    bytes.subarray(self.taken, end).copy_to(part);
                    self.taken = end;
                    return Poll::Ready(Ok(size));
                }
                self.read.put(bytes.buffer());
                self.current = None;
            }
            if let Some(waiting) = &mut self.waiting {
                let given = ready!(Pin::new(waiting).poll(cx));
                self.waiting = None;
                let given = given.map_err(|reason| in_words(&reason))?;
                if given.is_undefined() {
                    return Poll::Ready(Ok(0));
                }
                (self.current, self.taken) = (Some(in_bytes(given)?), 0);
                continue;
            }
            let promise = called(&self.pull, &self.read.take())?;
            self.waiting = Some(promise);
        }
    }
}

/// The same, without a copy.
pub(crate) fn pulled(pull: Function) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((pull, Pile::default()), |(pull, read)| async {
        let given = called(&pull, &read.take())?.await;
        let given = given.map_err(|reason| in_words(&reason))?;
        if given.is_undefined() {
            return Ok(None);
        }
        let bytes = Bytes::lent(in_bytes(given)?).back_to(&read);
        Ok(Some((bytes, (pull, read))))
    })
}

/// Bytes that a function takes: `(bytes: Uint8Array[]) => Promise<void>`.
pub(crate) struct Pushed {
    push: Function,
    waiting: Option<JsFuture>,
}

impl Pushed {
    pub(crate) fn new(push: Function) -> Self {
        Self {
            push,
            waiting: None,
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(waiting) = &mut self.waiting {
            let taken = ready!(Pin::new(waiting).poll(cx));
            self.waiting = None;
            taken.map_err(|reason| in_words(&reason))?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pushed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx))?;
        let part = bytes.get(..MOST).unwrap_or(bytes);
        if !part.is_empty() {
            let promise = called(&self.push, &Array::of1(&Uint8Array::from(part)))?;
            self.waiting = Some(promise);
        }
        Poll::Ready(Ok(part.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_room(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// The same, without a copy.
pub(crate) fn pushed(push: Function) -> impl Sink<Vec<Bytes>, Error = io::Error> {
    sink::unfold(push, |push, parts: Vec<Bytes>| async {
        let taken = called(&push, &array(parts))?.await;
        taken.map_err(|reason| in_words(&reason))?;
        Ok(push)
    })
}

/// Bytes that stay where they are, for JavaScript.
pub(crate) fn array(parts: Vec<Bytes>) -> Array {
    parts.into_iter().map(Bytes::given).collect()
}

fn in_bytes(given: JsValue) -> io::Result<Uint8Array> {
    let bytes = given.dyn_into::<Uint8Array>();
    bytes.map_err(|_| io::Error::other("the stream gives something else than bytes"))
}

fn called(function: &Function, argument: &JsValue) -> io::Result<JsFuture> {
    let promise = function.call1(&JsValue::UNDEFINED, argument);
    let promise = promise.map_err(|reason| in_words(&reason))?;
    Ok(JsFuture::from(Promise::resolve(&promise)))
}

/// What was thrown, in words.
pub(crate) fn in_words(reason: &JsValue) -> io::Error {
    io::Error::other(words(reason))
}

/// What was thrown, in words.
pub(crate) fn words(reason: &JsValue) -> String {
    match reason.dyn_ref::<js_sys::Error>() {
        Some(error) => format!(
            "{}: {}",
            String::from(error.name()),
            String::from(error.message())
        ),
        None => reason
            .as_string()
            .or_else(|| {
                let message = js_sys::Reflect::get(reason, &"message".into()).ok()?;
                message.as_string()
            })
            .unwrap_or_else(|| "it was rejected without a reason".to_owned()),
    }
}
