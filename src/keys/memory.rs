//! Owns what is left in memory that is free: nothing. Names and numbers go through many buffers, those of libraries too, so whatever is
//! freed is wiped; but for media, which is all that is freed by who says so. Wiping its packets, which have left every cache by then,
//! was a tenth of what forwarding costs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};
use zeroizing_alloc::ZeroAlloc;

/// The allocator of a process that has names and numbers in its memory.
#[derive(Debug)]
pub struct Wiping;

const WIPING: ZeroAlloc<System> = ZeroAlloc(System);

thread_local! {
    /// Whether this thread frees media only, at the moment.
    static MEDIA: Cell<bool> = const { Cell::new(false) };
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe; this one only chooses between two"
)]
// SAFETY: both are the system's allocator, and free what the other has given
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        match MEDIA.get() {
            true => unsafe { System.dealloc(at, layout) },
            false => unsafe { WIPING.dealloc(at, layout) },
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match MEDIA.get() {
            true => unsafe { System.realloc(at, layout, size) },
            false => unsafe { WIPING.realloc(at, layout, size) },
        }
    }
}

/// What this thread frees until it is dropped is not wiped.
struct Unwiped {
    before: bool,
}

impl Unwiped {
    fn begin() -> Self {
        let before = MEDIA.replace(true);
        Self { before }
    }
}

impl Drop for Unwiped {
    fn drop(&mut self) {
        MEDIA.set(self.before);
    }
}

/// Does what handles packets and pictures only: what it frees is not wiped.
pub fn media_only<T>(work: impl FnOnce() -> T) -> T {
    let _unwiped = Unwiped::begin();
    work()
}

/// A task that handles packets and pictures only: what its turns free is not wiped.
#[derive(Debug)]
pub struct MediaTask<F>(Pin<Box<F>>);

impl<F> MediaTask<F> {
    /// Marks it so.
    pub fn new(task: F) -> Self {
        Self(Box::pin(task))
    }
}

impl<F: Future> Future for MediaTask<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        media_only(|| self.0.as_mut().poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_of_media_leaves_others_their_wiping() {
        let mut turns = 0;
        let task = std::future::poll_fn(|cx| {
            assert!(MEDIA.get());
            turns += 1;
            cx.waker().wake_by_ref();
            if turns < 3 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        });
        let mut task = MediaTask::new(task);
        std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut task).poll(cx);
            assert!(!MEDIA.get(), "between its turns");
            polled
        })
        .await;
        let unwound = std::panic::catch_unwind(|| media_only(|| panic!("in its turn")));
        assert!(unwound.is_err() && !MEDIA.get());
        media_only(|| {
            media_only(|| ());
            assert!(MEDIA.get(), "the inner end is not the outer's");
        });
    }
}
