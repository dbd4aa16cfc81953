//! Points at which a test lets the process be killed, as by `kill -9`. Unarmed, which is always but in such a test, a
//! point costs one read of a number.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many points are still to be passed; 0 when nothing is armed.
static LEFT: AtomicU64 = AtomicU64::new(0);
/// How many were passed since the process started, armed or not.
static PASSED: AtomicU64 = AtomicU64::new(0);

/// Lets this process kill itself at the `nth` point from now, counted from 1.
pub fn arm(nth: u64) {
    LEFT.store(nth, Ordering::SeqCst);
}

/// How many points were passed so far.
pub fn passed() -> u64 {
    PASSED.load(Ordering::SeqCst)
}

/// A point at which a kill would hurt most.
pub(super) fn point(_what: &'static str) {
    PASSED.fetch_add(1, Ordering::Relaxed);
    if LEFT.load(Ordering::Relaxed) == 0 {
        return;
    }
    if LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        debug_assert!(killed.is_ok(), "a process may kill itself");
        loop {
            std::thread::park();
        }
    }
}
