//! SIGHUP: the configuration is read again. What can change while people are served is taken over: the log's level, and how much may be
//! asked. Of the rest it is said that it needs a new start. A file with anything wrong in it changes nothing.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::app::config::{self, Config};
use crate::app::limits::Limits;
use crate::app::log;

/// How the configuration was asked for, and the log that it has started.
pub struct Asked {
    /// The configuration file.
    pub path: PathBuf,
    /// What was put over it by arguments.
    pub set: Vec<String>,
    /// The log.
    pub log: log::Handle,
}

/// What can be changed while the program runs, and where that is read from.
pub struct Reload {
    /// Where it is read from.
    pub asked: Asked,
    /// What holds.
    pub config: Config,
    /// How much may be asked.
    pub limits: Arc<Limits>,
}

impl Reload {
    /// From now on, reads the configuration whenever it is asked to.
    pub fn start(mut self) {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        tokio::spawn(async move {
            while hangup.recv().await.is_some() {
                self.read_again();
            }
        });
    }

    fn read_again(&mut self) {
        match config::read(&self.asked.path, &self.asked.set) {
            Ok(next) => self.take_over(next),
            Err(problems) => {
                for problem in problems {
                    tracing::error!(%problem, "the configuration is not taken over");
                }
            }
        }
    }

    /// Goes on with what can be changed.
    fn take_over(&mut self, next: Config) {
        let level = next.log.level;
        self.asked.log.set_level(level);
        // Those who are being counted are not let off by a file in which nothing has changed for them.
        if next.limits != self.config.limits {
            self.limits.change(next.limits);
        }
        self.config.log.level = level;
        self.config.limits = next.limits;
        if self.config == next {
            tracing::info!(level, "the configuration was read again");
        } else {
            tracing::warn!(
                level,
                "the configuration was read again; more has changed than the log's level and the limits, which needs a new start"
            );
        }
    }
}
