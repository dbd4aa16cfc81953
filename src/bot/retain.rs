//! Nothing is kept longer than it is of use: what is deleted by itself, and when.
//!
//! | what | when |
//! |---|---|
//! | a person's preferences and counts | a year after the day of last use; sooner where the server of that day has set `retention` |
//! | a safety lock that nobody has lifted | a year after its end |
//! | a routine | at its end; a paused one ends itself after half an hour |
//! | a server's settings and their log | a week after the bot was removed from it |
//!
//! Nobody is told: a message after a year of silence would be one that nobody asked for.

use crate::base::id::ServerId;
use crate::base::time::Timestamp;
use crate::port::action::Outcome;
use crate::port::record::{Key, Record, Records, Server};
use crate::settings::value::Values;

/// A record's time has come. One that was used since is not due, and stays.
pub(super) fn due(now: Timestamp, key: &Key, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    let is_over = records.get(key).and_then(Record::due).is_some_and(|at| at <= now);
    if is_over && matches!(key, Key::Person(_) | Key::Lock(_) | Key::Server(_)) {
        outcome.delete(key.clone());
        if let Key::Server(server) = key {
            let log = Key::Audit(server.clone());
            if records.get(&log).is_some() {
                outcome.delete(log);
            }
        }
    }
    outcome
}

/// The bot was removed from a server, or let in again before its settings were gone.
pub(super) fn membership(now: Timestamp, server: &ServerId, present: bool, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    let key = Key::Server(server.clone());
    if records.get(&key).is_some() {
        let mut settings = records.server(Some(server));
        let removed = if present { None } else { settings.removed.or(Some(now)) };
        if removed != settings.removed {
            settings.removed = removed;
            outcome.set(key, Record::Server(settings));
        }
    }
    outcome
}

/// A server goes on under another id: what was set there holds here, unless something is set here already.
pub(super) fn moved(from: &ServerId, to: &ServerId, records: &Records) -> Outcome {
    let mut outcome = Outcome::default();
    if records.get(&Key::Server(from.clone())).is_none() {
        return outcome;
    }
    let (old, new) = (records.server(Some(from)), records.server(Some(to)));
    if new.settings == Values::default() {
        let greeted = old.greeted || new.greeted;
        outcome.set(Key::Server(to.clone()), Record::Server(Server { greeted, removed: None, ..old }));
        if let Some(log) = records.get(&Key::Audit(from.clone())) {
            outcome.set(Key::Audit(to.clone()), log.clone());
        }
    }
    outcome.delete(Key::Server(from.clone()));
    if records.get(&Key::Audit(from.clone())).is_some() {
        outcome.delete(Key::Audit(from.clone()));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::UserId;
    use crate::port::record::{Lock, Person, REMOVED, Revision, UNUSED};
    use crate::settings::table::AT_ONCE;
    use crate::settings::value::Value;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn with(key: &Key, record: Record) -> Records {
        let mut records = Records::default();
        records.insert(key.clone(), Some(record), Revision(1));
        records
    }

    /// When what is fed its due time, over and over, is deleted.
    fn deleted(key: &Key, record: Record) -> Timestamp {
        let at = record.due().expect("it is due some day");
        let records = with(key, record);
        assert_eq!(due(Timestamp::from_millis(at.millis() - 1), key, &records), Outcome::default());
        let gone = due(at, key, &records);
        assert!(gone.orders.is_empty() && gone.changes.len() == 1 && gone.changes[0].record.is_none());
        at
    }

    #[test]
    fn what_nobody_uses_goes_after_a_year() {
        let used = Timestamp::from_millis(1_795_305_600_000);
        let who = UserId::from_stored("t:me");
        let person = Record::Person(Person { last_used: used, ..Person::default() });
        assert_eq!(deleted(&Key::Person(who.clone()), person), used + UNUSED);
        assert_eq!(deleted(&Key::Lock(who), Record::Lock(Lock { until: used })), used + UNUSED);
        assert_eq!(Record::Person(Person::default()).due(), None);
        let sooner = |keep| Record::Person(Person { last_used: used, keep: Some(keep), ..Person::default() }).due();
        assert_eq!((sooner(30), sooner(4000)), (Some(used + DAY * 30), Some(used + UNUSED)), "it never keeps longer");
    }

    #[test]
    fn a_servers_settings_go_a_week_after_the_bot_unless_it_comes_back() {
        let server = ServerId::from_stored("t:s");
        let key = Key::Server(server.clone());
        let left = Timestamp::from_millis(1_795_305_600_000);
        let away = membership(left, &server, false, &with(&key, Record::Server(Server::default())));
        let record = away.changes[0].record.clone().unwrap();
        assert_eq!(deleted(&key, record.clone()), left + REMOVED);
        assert_eq!(membership(left + DAY, &server, false, &with(&key, record.clone())), Outcome::default());
        let back = membership(left + DAY, &server, true, &with(&key, record));
        assert_eq!(back.changes[0].record.as_ref().unwrap().due(), None);
        assert_eq!(membership(left, &server, false, &Records::default()), Outcome::default());
    }

    #[test]
    fn settings_go_along_with_a_server_that_moves_and_overwrite_nothing() {
        let (from, to) = (ServerId::from_stored("t:old"), ServerId::from_stored("t:new"));
        let with_limit = |limit| {
            let mut server = Server { greeted: true, ..Server::default() };
            server.settings.set(AT_ONCE.key, Value::Number(limit));
            server
        };
        let mut records = with(&Key::Server(from.clone()), Record::Server(with_limit(3)));
        let outcome = moved(&from, &to, &records);
        assert_eq!(outcome.changes[0].record, Some(Record::Server(with_limit(3))));
        assert!(outcome.changes[1].key == Key::Server(from.clone()) && outcome.changes[1].record.is_none());
        records.insert(Key::Server(to.clone()), Some(Record::Server(with_limit(7))), Revision(1));
        assert_eq!(moved(&from, &to, &records).changes.len(), 1, "what is set there stays");
        assert_eq!(moved(&from, &to, &Records::default()), Outcome::default());
    }
}
