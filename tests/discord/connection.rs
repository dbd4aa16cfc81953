//! The connection to the gateway, on time that is moved on by hand: dead ones are noticed, refused ones end, none spins, and
//! whoever removed the bot while it was away is known.

use std::time::Duration;

use nape::adapter::discord::profile;
use nape::adapter::{Failure, Incoming};
use nape::base::id::ServerId;
use nape::port::event::Event;
use tokio::time::timeout;

use crate::alone::Alone;
use crate::fake::Fake;
use crate::fake::gateway::Surprise;

/// How long a test waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Discord's own pace.
const HEARTBEAT: Duration = Duration::from_millis(41_250);

/// Waits until so many sessions were taken up.
async fn resumed(fake: &Fake, count: usize) {
    fake.until(|state| (state.gateway.resumes.len() == count).then_some(())).await;
}

#[tokio::test]
async fn a_shard_whose_heartbeats_are_not_answered_is_dead_within_two_and_a_half_of_them() {
    let fake = Fake::start().await;
    fake.guild("spine");
    let alone = Alone::start(&fake).await;
    fake.change(|state| state.gateway.acknowledges = false);
    let mut waited = Duration::ZERO;
    for beats in 1..=2 {
        alone.time.go_on(HEARTBEAT);
        waited += HEARTBEAT;
        if beats == 1 {
            fake.until(|state| (state.gateway.heartbeats.len() == 1).then_some(())).await;
        }
    }
    resumed(&fake, 1).await;
    assert!(waited * 2 <= HEARTBEAT * 5);
    fake.look(|state| assert_eq!((state.gateway.identifies.len(), state.gateway.connections), (1, 2)));
    // Acknowledged again, it lives on.
    fake.change(|state| state.gateway.acknowledges = true);
    for beats in 2..6 {
        alone.time.go_on(HEARTBEAT);
        fake.until(|state| (state.gateway.heartbeats.len() == beats).then_some(())).await;
        // The answer is on its way; time waits for it.
        alone.settles(&fake).await;
    }
    assert_eq!(fake.look(|state| state.gateway.connections), 2);
}

#[tokio::test]
async fn a_connection_that_is_not_greeted_or_let_in_is_given_up() {
    let fake = Fake::start().await;
    for (surprise, patience) in [(Surprise::Mute, Duration::from_secs(20)), (Surprise::Silence, HEARTBEAT * 5 / 2)] {
        let before = fake.look(|state| state.gateway.connections);
        fake.surprise(surprise);
        let alone = Alone::begin(&fake, None, Vec::new());
        fake.until(|state| (state.gateway.connections > before && state.gateway.surprises.is_empty()).then_some(()))
            .await;
        alone.time.go_on(patience - Duration::from_secs(1));
        alone.settles(&fake).await;
        assert_eq!(fake.look(|state| state.gateway.connections), before + 1, "{surprise:?}: it still waits");
        let again = async {
            while fake.look(|state| state.gateway.connections == before + 1) {
                alone.time.go_on(Duration::from_secs(1));
                alone.settles(&fake).await;
            }
        };
        timeout(PATIENCE, again).await.expect("it connects again");
        fake.until(|state| state.gateway.connected().next().map(|_| ())).await;
        drop(alone);
    }
}

#[tokio::test]
async fn close_codes_that_no_other_connection_would_mend_end_it_with_what_to_do() {
    for (code, what_to_do) in [
        (4004, "make a new one"),
        (4010, "take away discord.shards"),
        (4011, "raise discord.shards"),
        (4012, "look for a newer one"),
        (4013, "look for a newer one"),
        (4014, "look for a newer one"),
    ] {
        let fake = Fake::start().await;
        fake.surprise(Surprise::Close(code));
        let ended = Alone::begin(&fake, None, Vec::new()).ends().await;
        let Err(Failure::Final(why)) = ended else { panic!("{code}: {ended:?}") };
        assert!(why.contains(what_to_do), "{code}: {why}");
        assert_eq!(fake.look(|state| state.gateway.connections), 1, "{code}");
    }
}

#[tokio::test]
async fn connections_that_do_not_hold_come_ever_more_seldom() {
    let fake = Fake::start().await;
    for _ in 0..6 {
        fake.surprise(Surprise::Drop);
    }
    let alone = Alone::begin(&fake, None, Vec::new());
    let comes_back = async {
        let mut waited = 0;
        while fake.look(|state| !state.gateway.surprises.is_empty() || state.gateway.connected().next().is_none()) {
            let connections = fake.look(|state| state.gateway.connections);
            assert!(connections <= 1 + waited / 5, "{connections} connections in {waited} s");
            waited += 1;
            alone.time.go_on(Duration::from_secs(1));
            alone.settles(&fake).await;
        }
    };
    timeout(PATIENCE, comes_back).await.expect("it comes back");
}

#[tokio::test]
async fn another_api_never_leads_to_discords_own_gateway() {
    let fake = Fake::start().await;
    fake.change(|state| state.gateway.url = "wss://gateway.discord.gg".to_owned());
    let ended = Alone::begin(&fake, None, Vec::new()).ends().await;
    let Err(Failure::Final(why)) = ended else { panic!("{ended:?}") };
    assert!(why.contains("discord.api_url") && why.contains("gateway.discord.gg"), "{why}");
}

#[tokio::test]
async fn who_removed_the_bot_while_it_was_away_is_told_at_its_start_and_an_outage_is_no_removal() {
    let fake = Fake::start().await;
    let (there, down, gone) = (fake.guild("there"), fake.guild("down"), fake.guild("gone"));
    fake.outage(down, true);
    fake.kick(gone);
    let server = |guild| ServerId::new(&profile().platform, guild);
    let on_record = [there, down, gone].map(server).to_vec();
    let mut alone = Alone::begin(&fake, None, on_record);
    let mut told = Vec::new();
    while told.len() < 2 {
        told.extend(membership(&mut alone).await);
    }
    told.sort();
    let mut expected = vec![(server(gone), false), (server(there), true)];
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn who_removes_the_bot_while_its_connection_is_lost_is_noticed_when_it_is_back() {
    let fake = Fake::start().await;
    let (there, gone) = (fake.guild("there"), fake.guild("gone"));
    let mut alone = Alone::start(&fake).await;
    let server = |guild| ServerId::new(&profile().platform, guild);
    let mut heard = Vec::new();
    while heard.len() < 2 {
        heard.extend(membership(&mut alone).await);
    }
    // The session is lost as well, and with it what happened meanwhile.
    fake.invalidate(0, false);
    fake.kick(gone);
    let told = async {
        loop {
            alone.time.go_on(Duration::from_secs(1));
            alone.settles(&fake).await;
            if let Ok(Incoming { event: Event::Membership { server, present, .. }, .. }) = alone.events.try_recv() {
                return (server, present);
            }
        }
    };
    let told = timeout(PATIENCE, told).await.expect("it is told");
    assert_eq!(told, (server(gone), false));
    assert_eq!(fake.look(|state| state.gateway.identifies.len()), 2);
    assert!(heard.contains(&(server(there), true)));
}

/// The next thing that is heard of a server; none if it was something else.
async fn membership(alone: &mut Alone) -> Option<(ServerId, bool)> {
    let heard = alone.events.recv().await.expect("it runs");
    match heard.event {
        Event::Membership { server, present, .. } => Some((server, present)),
        _ => None,
    }
}
