//! Buffers that go back to whoever lent them.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, ArrayBuffer};

/// Buffers that are of no more use here.
#[derive(Clone, Default)]
pub(crate) struct Pile(Rc<RefCell<Array>>);

impl Pile {
    pub(crate) fn put(&self, buffer: ArrayBuffer) {
        self.0.borrow().push(&buffer);
    }

    /// All that lie there.
    pub(crate) fn take(&self) -> Array {
        self.0.take()
    }

    pub(crate) fn lease(&self, buffer: ArrayBuffer) -> Lease {
        Lease {
            buffer,
            pile: self.clone(),
        }
    }
}

/// A buffer in use; dropped, it lies on the pile.
pub(crate) struct Lease {
    buffer: ArrayBuffer,
    pile: Pile,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pile.put(self.buffer.clone());
    }
}
