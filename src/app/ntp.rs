//! Owns the question how far the clock is off: the kernel knows, and only this call asks it.

/// The kernel's own estimate of the clock's offset in ms; none where nothing keeps the clock right.
pub(super) fn offset_ms() -> Option<f64> {
    let mut state = libc::timex {
        modes: 0,
        ..zeroed()
    };
    // SAFETY: `modes` 0 changes nothing; the kernel fills the structure that we own.
    #[expect(unsafe_code, reason = "adjtimex has no safe wrapper in rustix")]
    let answer = unsafe { libc::adjtimex(&raw mut state) };
    let synchronised = answer >= 0 && state.status & libc::STA_UNSYNC == 0;
    let nanoseconds = state.status & libc::STA_NANO != 0;
    let scale = if nanoseconds { 1e-6 } else { 1e-3 };
    synchronised.then_some(state.offset as f64 * scale)
}

fn zeroed() -> libc::timex {
    // SAFETY: a `timex` is plain numbers, for all of which zero is a value.
    #[expect(unsafe_code, reason = "libc gives its padding no other way")]
    unsafe {
        std::mem::zeroed()
    }
}
