//! Looks at the account from outside and says what is wrong and what to do. It changes nothing, and works while the bot runs.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::ruma::api::client::backup::get_latest_backup_info;
use matrix_sdk::ruma::api::client::keys::{get_keys, upload_keys};
use matrix_sdk::ruma::api::client::membership::joined_rooms;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::events::StateEventType;
use matrix_sdk::ruma::{OneTimeKeyAlgorithm, OwnedDeviceId, OwnedRoomId, OwnedUserId};
use matrix_sdk::{Client, SessionMeta, SessionTokens, reqwest};
use serde_json::Value;

use crate::base::time::Timestamp;

use super::common::Outside;
use super::{Settings, session};

/// Rooms that are looked at.
const ROOMS: usize = 100;
/// How far apart two clocks may be, and how long an answer may take.
const APART: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);
/// Fewer one-time keys are too few for new devices to write to the bot.
const FEW: u64 = 10;

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Fine(String),
    /// It isn't; the line says what to do.
    Wrong(String),
}

/// Looks at everything that can be seen.
pub async fn examine(settings: &Settings, outside: &dyn Outside) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.push(recovery_key(&settings.recovery_key_file));
    findings.push(clock(settings, outside).await);
    let Some((user, device, token)) = session::kept(settings) else {
        findings.push(Finding::Wrong("there is no session yet; start nape run once".to_owned()));
        return findings;
    };
    let client = match bare(settings, &user, &device, token).await {
        Ok(client) => client,
        Err(why) => {
            findings.push(Finding::Wrong(format!("{}: {why}", settings.homeserver)));
            return findings;
        }
    };
    match client.whoami().await {
        Ok(answer) if answer.user_id == user && answer.device_id.as_ref() == Some(&device) => {
            findings.push(Finding::Fine(format!("logged in as {user}, device {device}")));
        }
        Ok(_) => findings.push(Finding::Wrong(format!(
            "the token is another account's or device's than the keys; stop nape, move {} away, start it again",
            settings.store.display()
        ))),
        Err(error) => {
            findings.push(Finding::Wrong(match error.client_api_error_kind() {
                Some(kind) => format!("the homeserver doesn't take the session ({}); restart nape", kind.errcode()),
                None => format!("{} can't be reached; check the address and the network", settings.homeserver),
            }));
            return findings;
        }
    }
    findings.extend(keys(&client, &user, &device).await);
    findings.extend(rooms(&client, &user).await);
    findings.push(Finding::Fine(
        "the homeserver doesn't tell how much the bot may send; new ones allow 10 events at once and one in 5 seconds, which an admin can lift for the bot alone (see README)".to_owned(),
    ));
    findings
}

fn recovery_key(file: &Path) -> Finding {
    let there = file.display();
    match (session::secret(file), std::fs::metadata(file)) {
        (Ok(_), Ok(found)) if found.permissions().mode() & 0o077 != 0 => {
            Finding::Wrong(format!("others can read the recovery key in {there}; run: chmod 600 {there}"))
        }
        (Ok(_), _) => Finding::Fine(format!("the recovery key is in {there}; keep a copy elsewhere")),
        (Err(_), _) => Finding::Wrong(format!(
            "there is no recovery key in {there}; it is written on the first start, when the homeserver can be reached"
        )),
    }
}

/// Whether the homeserver's clock goes as ours does: what seems to be older than some minutes is not answered.
async fn clock(settings: &Settings, outside: &dyn Outside) -> Finding {
    let asked = format!("{}/_matrix/client/versions", settings.homeserver.trim_end_matches('/'));
    let theirs = match reqwest::Client::new().get(asked).timeout(PATIENCE).send().await {
        Ok(answer) => answer.headers().get("date").and_then(|date| date.to_str().ok().and_then(moment)),
        Err(_) => {
            return Finding::Wrong(format!(
                "{} can't be reached; check the address and the network",
                settings.homeserver
            ));
        }
    };
    let Some(theirs) = theirs else { return Finding::Fine("the homeserver doesn't tell its time".to_owned()) };
    let ours = outside.now();
    let apart = ours.since(theirs).max(theirs.since(ours));
    if apart > APART {
        Finding::Wrong(format!("the homeserver's clock and this one are {} s apart; set both by NTP", apart.as_secs()))
    } else {
        Finding::Fine("the homeserver's clock and this one agree".to_owned())
    }
}

/// A moment as HTTP writes it.
fn moment(date: &str) -> Option<Timestamp> {
    let read = jiff::fmt::rfc2822::parse(date).ok()?;
    Some(Timestamp::from_millis(read.timestamp().as_millisecond()))
}

/// A client with the session but without its keys, which belong to the program that runs.
async fn bare(
    settings: &Settings,
    user: &OwnedUserId,
    device: &OwnedDeviceId,
    token: String,
) -> Result<Client, String> {
    let client = Client::builder().homeserver_url(&settings.homeserver).build().await;
    let client = client.map_err(|error| error.to_string())?;
    let meta = SessionMeta { user_id: user.clone(), device_id: device.clone() };
    let tokens = SessionTokens { access_token: token, refresh_token: None };
    client.restore_session(MatrixSession { meta, tokens }).await.map_err(|error| error.to_string())?;
    Ok(client)
}

async fn keys(client: &Client, user: &OwnedUserId, device: &OwnedDeviceId) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked = get_keys::v3::Request::new();
    asked.device_keys.insert(user.clone(), Vec::new());
    if let Ok(answer) = client.send(asked).await {
        let json =
            |raw: Option<&str>| raw.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
        let own = json(answer.device_keys.get(user).and_then(|own| own.get(device)).map(|raw| raw.json().get()));
        let signing = json(answer.self_signing_keys.get(user).map(|raw| raw.json().get()));
        let signing = signing["keys"].as_object().and_then(|keys| keys.keys().next()).cloned();
        let signatures = own["signatures"][user.as_str()].as_object().cloned().unwrap_or_default();
        findings.push(match signing {
            _ if own.is_null() => {
                Finding::Wrong("the device has no keys on the homeserver; start nape run once".to_owned())
            }
            None => Finding::Wrong(
                "the account has no identity; restart nape, with a password_file if it had a token".to_owned(),
            ),
            Some(key) if signatures.contains_key(&key) => {
                Finding::Fine("the device is signed by the account".to_owned())
            }
            Some(_) => Finding::Wrong(
                "the device is not signed by the account; put the recovery key in its file and restart nape".to_owned(),
            ),
        });
    }
    findings.push(match client.send(get_latest_backup_info::v3::Request::new()).await {
        Ok(backup) => Finding::Fine(format!("the backup holds {} keys", backup.count)),
        Err(_) => Finding::Wrong("there is no backup of the keys; restart nape, and look at its log".to_owned()),
    });
    if let Ok(answer) = client.send(upload_keys::v3::Request::new()).await {
        let count = answer.one_time_key_counts.get(&OneTimeKeyAlgorithm::SignedCurve25519).copied();
        let count = u64::from(count.unwrap_or_default());
        findings.push(match count {
            few if few < FEW => {
                Finding::Wrong(format!("only {few} one-time keys are left; the running bot makes new ones"))
            }
            enough => Finding::Fine(format!("{enough} one-time keys are left")),
        });
    }
    findings
}

async fn rooms(client: &Client, user: &OwnedUserId) -> Vec<Finding> {
    let joined = match client.send(joined_rooms::v3::Request::new()).await {
        Ok(answer) => answer.joined_rooms,
        Err(_) => return vec![Finding::Wrong("the homeserver doesn't tell the bot's rooms; try again".to_owned())],
    };
    let mut findings = vec![Finding::Fine(format!("the bot is in {} rooms", joined.len()))];
    for room in joined.iter().take(ROOMS) {
        let encryption = state(client, room, StateEventType::RoomEncryption).await;
        let sealed = if encryption.is_some() { "encrypted" } else { "not encrypted" };
        let levels = state(client, room, StateEventType::RoomPowerLevels).await.unwrap_or_default();
        let level = |path: &str, or: i64| levels.pointer(path).and_then(Value::as_i64).unwrap_or(or);
        let own = level(
            &format!("/users/{}", user.as_str().replace('~', "~0").replace('/', "~1")),
            level("/users_default", 0),
        );
        let needed = level("/events/m.room.message", level("/events_default", 0));
        findings.push(if own < needed {
            Finding::Wrong(format!("{room} ({sealed}): the bot may not speak there; give it the power level {needed}"))
        } else if own < level("/events/m.reaction", level("/events_default", 0)) {
            Finding::Wrong(format!("{room} ({sealed}): the bot may not react there, so its choices have to be typed"))
        } else {
            Finding::Fine(format!("{room} ({sealed})"))
        });
    }
    findings
}

async fn state(client: &Client, room: &OwnedRoomId, kind: StateEventType) -> Option<Value> {
    let asked = get_state_event_for_key::v3::Request::new(room.clone(), kind, String::new());
    let answer = client.send(asked).await.ok()?;
    serde_json::from_str(answer.into_content().json().get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_http_writes_it() {
        let moment = moment("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(moment, Some(Timestamp::from_millis(784_111_777_000)));
        assert_eq!(super::moment("now"), None);
    }

    #[test]
    fn a_recovery_key_is_there_and_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(matches!(recovery_key(&file), Finding::Wrong(line) if line.contains("there is no recovery key")));
        std::fs::write(&file, "EsTx 1234\n").unwrap();
        for (mode, is_fine) in [(0o600, true), (0o644, false)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(matches!(recovery_key(&file), Finding::Fine(_)), is_fine, "{mode:o}");
        }
    }
}
