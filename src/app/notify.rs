//! Words to systemd, for `Type=notify` units with a watchdog. Without systemd they go nowhere.

use sd_notify::NotifyState;

/// Everything is up that has to be before somebody can be served; platforms connect in their own time.
pub fn ready() {
    say(&[NotifyState::Ready, NotifyState::Status("running")]);
}

/// It ends.
pub fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// Whether systemd waits for signs of life.
pub fn is_watched() -> bool {
    sd_notify::watchdog_enabled().is_some()
}

/// It lives.
pub fn alive() {
    say(&[NotifyState::Watchdog]);
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd can't be told");
    }
}
