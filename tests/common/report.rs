//! One transcript on every profile it is for, and what did not hold; or, when asked to, the transcript written anew.

use std::fmt::Write as _;

use nape::app::limits::{Bounds, Limits};
use nape::base::id::ChannelId;
use nape::bot::Bot;
use nape::port::action::Venue;
use nape::port::event::{Ground, Invite, Venues, Where};
use nape::port::record::{Channel, Key, Lock, Person, Record, Server};
use nape::settings::table;

use super::player::{Play, Player, lines};
use super::profile::Profile;
use super::script::{Script, matches, span};
use super::{compare, laws};

/// How a transcript went.
pub struct Report {
    /// What did not hold, each with its file and line.
    pub failures: Vec<String>,
    /// Lines that a person sees and that were compared.
    pub lines: usize,
    /// The transcript as it would have to be written.
    pub blessed: String,
}

/// Plays a transcript.
pub fn report(bot: &'static Bot, script: &Script) -> Report {
    let is_reduced = script.settings.iter().any(|(_, setting)| setting == "reduced");
    let bot = if is_reduced { super::reduced_bot() } else { bot };
    let mut failures = Vec::new();
    let mut fail = |line: usize, profile: Profile, what: &str| {
        failures.push(format!("{}:{line} ({}): {what}", script.path, profile.name()));
    };
    let withheld = bot.phrases().withheld();
    let aloud = script.settings.iter().any(|(_, setting)| setting == "server answers public");
    let mut written: Option<(Profile, Play)> = None;
    for profile in profiles(script) {
        let player = match player(bot, profile, script) {
            Ok(player) => player,
            Err((line, what)) => {
                fail(line, profile, &what);
                continue;
            }
        };
        let play = player.play(script, written.as_ref().map(|(_, play)| play));
        for (line, what) in &play.failures {
            fail(*line, profile, what);
        }
        for (step, seen) in script.steps.iter().zip(&play.seen) {
            for what in seen.iter().flat_map(|shown| laws::broken(shown, profile, &withheld, aloud)) {
                fail(step.line, profile, &what);
            }
        }
        let Some((_, written)) = &written else {
            for (step, seen) in script.steps.iter().zip(&play.seen) {
                let seen = lines(seen, profile);
                if !matches(&step.expected, &seen) {
                    fail(
                        step.line,
                        profile,
                        &format!("expected\n{}\n     got\n{}", step.expected.join("\n"), seen.join("\n")),
                    );
                }
            }
            written = Some((profile, play));
            continue;
        };
        if profile == Profile::ReactionsAloud {
            continue;
        }
        for ((step, here), there) in script.steps.iter().zip(&written.seen).zip(&play.seen) {
            for what in compare::lost(here, there, profile) {
                fail(step.line, profile, &what);
            }
        }
        let (here, there) = (compare::stored(&written.world), compare::stored(&play.world));
        if here != there {
            fail(
                script.lines.len(),
                profile,
                &format!("expected stored\n{}\n     got\n{}", here.join("\n"), there.join("\n")),
            );
        }
    }
    let (blessed, lines) = written.map(|(profile, play)| blessed(script, &play, profile)).unwrap_or_default();
    Report { failures, lines, blessed }
}

/// `settings: only numbers, buttons: the reason` leaves profiles out.
fn profiles(script: &Script) -> Vec<Profile> {
    let only = script.settings.iter().find_map(|(_, setting)| setting.strip_prefix("only "));
    let only = only.map(|only| only.split(':').next().unwrap_or_default().split(", ").collect::<Vec<_>>());
    Profile::ALL.into_iter().filter(|profile| only.as_ref().is_none_or(|only| only.contains(&profile.name()))).collect()
}

/// A player with things as the `settings:` lines say.
fn player(bot: &'static Bot, profile: Profile, script: &Script) -> Result<Player, (usize, String)> {
    let starts = |start: &str| script.settings.iter().any(|(_, setting)| setting.starts_with(start));
    let mut player = Player::new(bot, profile, starts("server "), starts("place shared"));
    let (now, me) = (player.world.now, player.user("me"));
    let ago = |text: &str| span(text.trim_end_matches(" ago")).map(|span| jiff_less(now, span));
    let (mut server, mut person, mut is_known) = (Server::default(), Person::default(), false);
    for (line, setting) in &script.settings {
        let words: Vec<&str> = setting.splitn(3, ' ').collect();
        let bad = || (*line, format!("not understood: {setting}"));
        let value = |key: &str, typed: &str| {
            let row = table::find(key).ok_or_else(bad)?;
            row.read(typed).map(|value| (row.key, value)).map_err(|_| bad())
        };
        match words.as_slice() {
            // The bot is chosen before.
            ["reduced"] => {}
            ["screened"] => (person.screened, is_known) = (Some(now), true),
            ["screened", ..] => (person.screened, is_known) = (Some(ago(&setting[9..]).ok_or_else(bad)?), true),
            ["my", key, typed] => {
                let (key, value) = value(key, typed)?;
                person.settings.set(key, value);
                is_known = true;
            }
            ["server", key, typed] => {
                let (key, value) = value(key, typed)?;
                server.settings.set(key, value);
            }
            ["locked", "for", rest] => {
                let until = now + span(rest).ok_or_else(bad)?;
                player.world.put(Key::Lock(me.clone()), Record::Lock(Lock { until }));
            }
            ["locked", "until", rest] => {
                let until = ago(rest).ok_or_else(bad)?;
                player.world.put(Key::Lock(me.clone()), Record::Lock(Lock { until }));
            }
            ["others", count] => {
                let count: usize = count.parse().map_err(|_| bad())?;
                let running = (0..count).map(|other| player.user(&format!("other-{other}"))).collect();
                let key = Key::Channel(ChannelId::new(&player.home.platform, "home"));
                player.world.put(key, Record::Channel(Channel { running }));
            }
            ["venues", "fail"] => player.opens = false,
            ["venues", "none"] => player.venues = Venues::default(),
            ["venues", "direct"] => player.venues = Venues { direct: true, ..Venues::default() },
            ["admin"] => player.is_admin = true,
            ["roles", roles] => player.roles = roles.split(',').map(str::to_owned).collect(),
            ["limit", what, most] => {
                let most: u32 = most.parse().map_err(|_| bad())?;
                let mut bounds = Bounds { person: 600, channel: 6_000, total: 60_000 };
                match *what {
                    "person" => bounds.person = most,
                    "channel" => bounds.channel = most,
                    "total" => bounds.total = most,
                    _ => return Err(bad()),
                }
                player.limits = Some(Limits::new(bounds));
            }
            ["lacks", place, right] => {
                let place = match *place {
                    "private_thread" => Where::In(Venue::PrivateThread),
                    "public_thread" => Where::In(Venue::PublicThread),
                    "here" => Where::Here,
                    "answers" => Where::Answers,
                    channel => Where::Channel(channel.strip_prefix('#').ok_or_else(bad)?.to_owned()),
                };
                let invite = |what: &str| format!("https://example.org/invite{what}");
                let invite = Some(Invite { alone: invite(""), with_log: invite("?log") });
                player.grounds.push(Ground { place, missing: vec![(*right).to_owned()], invite, encrypted: None });
            }
            ["channel", id] => {
                let place = Where::Channel(id.strip_prefix('#').ok_or_else(bad)?.to_owned());
                player.grounds.push(Ground { place, missing: Vec::new(), invite: None, encrypted: None });
            }
            ["encrypted", answer @ ("yes" | "no")] => {
                let encrypted = Some(*answer == "yes");
                player.grounds.push(Ground { place: Where::Answers, missing: Vec::new(), invite: None, encrypted });
            }
            ["place", "shared"] | ["only", ..] => {}
            _ => return Err(bad()),
        }
    }
    if is_known {
        person.last_used = now.day();
        player.world.put(Key::Person(me), Record::Person(person));
    }
    if let Some(id) = player.home.server.clone().filter(|_| server != Server::default()) {
        player.world.put(Key::Server(id), Record::Server(server));
    }
    Ok(player)
}

fn jiff_less(now: nape::base::time::Timestamp, span: std::time::Duration) -> nape::base::time::Timestamp {
    let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    nape::base::time::Timestamp::from_millis(now.millis().saturating_sub(millis))
}

/// The script with what was seen in place of what was expected; what matches stays, with its cuts.
fn blessed(script: &Script, play: &Play, profile: Profile) -> (String, usize) {
    let mut out = String::new();
    let mut count = 0;
    let mut at = 0;
    for (step, seen) in script.steps.iter().zip(&play.seen) {
        let seen = lines(seen, profile);
        count += seen.len();
        for line in &script.lines[at..step.line] {
            let _ = writeln!(out, "{line}");
        }
        let kept = if matches(&step.expected, &seen) { &step.expected } else { &seen };
        for line in kept {
            let _ = writeln!(out, "{line}");
        }
        at = step.line + step.expected.len();
    }
    for line in &script.lines[at.min(script.lines.len())..] {
        let _ = writeln!(out, "{line}");
    }
    (out, count)
}
