//! The program's own log, on standard error: what happened to it, never what people write. For people, or as JSON for
//! whatever collects it.
//!
//! Ids stand in it as [`names`] that mean nothing after a restart. What looks like a secret is taken out at last, and what looks
//! like an id is named, whoever wrote it there ([`redact`]).

pub mod names;
pub mod redact;

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use redact::Redacted;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people; the time is whoever's who collects it.
    #[default]
    Human,
    /// A JSON object a line, with the time.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From which level on: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: &'static str,
    /// How.
    pub format: Format,
}

/// The log that was started, to be changed while it runs.
pub struct Handle(reload::Handle<EnvFilter, Registry>);

/// Starts the log. A second start, as in tests, keeps the first.
pub fn start(settings: &Settings) -> Handle {
    let (filter, handle) = reload::Layer::new(filter(settings.level));
    let lines = fmt::layer().with_writer(|| Redacted::new(std::io::stderr())).with_target(false);
    let lines = match settings.format {
        Format::Human => lines.without_time().with_ansi(std::io::stderr().is_terminal()).boxed(),
        Format::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    drop(tracing_subscriber::registry().with(filter).with(lines).try_init());
    std::panic::set_hook(Box::new(panicked));
    Handle(handle)
}

impl Handle {
    /// Goes on at another level.
    pub fn set_level(&self, level: &'static str) {
        // Only a log that is gone can't be changed, and then there is nothing to change.
        drop(self.0.reload(filter(level)));
    }
}

/// Other crates log at their own taste. serenity's spans hold whole requests, with what was written in them and the tokens of
/// interactions: they are off below its warnings, whatever is asked for. sled's warnings say nothing that an operator could act on, nor do
/// those of matrix-sdk on late keys and a first start; to its HTTP client every 404 is an error, and most are plain answers.
fn filter(level: &str) -> EnvFilter {
    let others = "serenity=warn,sled=error,matrix_sdk=error,matrix_sdk_base=error,matrix_sdk_crypto=error";
    EnvFilter::builder().parse_lossy(format!("warn,nape={level},{others},matrix_sdk::http_client=off"))
}

/// Where it panicked, never with what: that may quote what somebody wrote.
fn panicked(info: &PanicHookInfo<'_>) {
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(at, "a fault of the program: it panicked");
}
