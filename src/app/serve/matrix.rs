//! Matrix as the runtime sees it: its settings, its few sentences, chance, and the doctor.

use std::io::Write;
use std::sync::Arc;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;

use crate::adapter::matrix::{Credential, Finding, Matrix, Outside, Settings, Words, examine, profile};
use crate::app::clock::{Clock, SystemClock};
use crate::app::config::{self, Login, secret};
use crate::app::exit::{Code, Exit};
use crate::app::supervise::Adapter;
use crate::bot::Bot;

use super::adapters::Real;

/// The adapter. `store` is the name of the store that numbers its deliveries.
///
/// # Errors
/// A secret that can't be read.
pub(super) fn adapter(
    config: &config::Matrix,
    bot: &Arc<Bot>,
    clock: &Arc<dyn Clock>,
    store: &str,
) -> Result<Adapter, Exit> {
    let phrases = bot.phrases();
    let words = Words {
        late_key: phrases.late_key(),
        kept_key: phrases.kept_key(),
        elsewhere: phrases.elsewhere(),
        open_room: phrases.open_room(),
        not_verified: phrases.not_verified(),
    };
    let outside = Arc::new(Real(clock.clone()));
    let matrix = Arc::new(Matrix { settings: settings(config)?, words, epoch: store.to_owned(), outside });
    Ok(Adapter {
        profile: profile(),
        ends_all: false,
        run: Box::new(move |link| {
            let matrix = matrix.clone();
            Box::pin(async move { matrix.run(link).await })
        }),
    })
}

/// `nape matrix doctor`.
///
/// # Errors
/// 78 when something is wrong, with every line of it.
pub fn doctor(config: Option<config::Matrix>) -> Result<(), Exit> {
    let Some(config) = config else {
        return Err(Exit::new(Code::Config, "Matrix is not enabled; set enabled = true under [matrix]"));
    };
    let settings = settings(&config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Exit::new(Code::Software, format!("no threads to run on: {error}")))?;
    let outside = Real(Arc::new(SystemClock));
    let mut wrong = Vec::new();
    for finding in runtime.block_on(examine(&settings, &outside)) {
        match finding {
            Finding::Fine(line) => {
                writeln!(std::io::stdout(), "fine: {line}").map_err(|error| Exit::new(Code::Io, error))?;
            }
            Finding::Wrong(line) => wrong.push(line),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Exit { code: Code::Config, lines: wrong }) }
}

fn settings(config: &config::Matrix) -> Result<Settings, Exit> {
    let config::Matrix { homeserver, user, login, store, recovery_key_file, admins, invite_from, device_name } =
        config.clone();
    let credential = match login {
        Login::Password(file) => secret::read_line(&file).map(Credential::Password),
        Login::Token(file) => secret::read(&file).map(Credential::Token),
    };
    let credential = credential.map_err(|why| Exit::new(Code::Config, why))?;
    Ok(Settings { homeserver, user, credential, store, recovery_key_file, admins, invite_from, device_name })
}

impl Outside for Real {
    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        OsRng.fill_bytes(&mut bytes);
        bytes
    }
}
