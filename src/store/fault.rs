//! Points at which a test lets the process be killed, as by `kill -9`, or lets a thread hang, as on a disk that does not
//! answer. Unarmed, which is always but in such a test, a point costs one read of a number.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many points are still to be passed; 0 when nothing is armed.
static LEFT: AtomicU64 = AtomicU64::new(0);
/// How many were passed since the process started, armed or not.
static PASSED: AtomicU64 = AtomicU64::new(0);
/// Whether what is armed hangs rather than kills.
static HANGS: AtomicBool = AtomicBool::new(false);
/// Whether a thread hangs.
static HUNG: AtomicBool = AtomicBool::new(false);

/// Lets this process kill itself at the `nth` point from now, counted from 1.
pub fn arm(nth: u64) {
    LEFT.store(nth, Ordering::SeqCst);
}

/// Lets a thread of this process hang for ever at the `nth` point from now, counted from 1.
pub fn arm_hang(nth: u64) {
    HANGS.store(true, Ordering::SeqCst);
    arm(nth);
}

/// Whether that thread has come there.
pub fn is_hung() -> bool {
    HUNG.load(Ordering::SeqCst)
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
        if HANGS.load(Ordering::SeqCst) {
            HUNG.store(true, Ordering::SeqCst);
        } else {
            let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            debug_assert!(killed.is_ok(), "a process may kill itself");
        }
        loop {
            std::thread::park();
        }
    }
}
