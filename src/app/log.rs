//! The program's own log, on standard error: what happened to it, never what people write.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log. In a terminal only warnings are shown, so that nothing gets in the way of a conversation.
pub fn start(default: &str) {
    // sled logs at its own taste; its warnings say nothing that an operator could act on.
    let filter = EnvFilter::builder().parse_lossy(format!("{default},sled=error"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .try_init();
    // A second start (in tests) keeps the first log.
    drop(started);
}
