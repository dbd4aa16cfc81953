//! Discord and the way to it fail in all the ways that they do; the program stays up, spins nowhere, and says what is wrong.

use std::time::Duration;

use crate::fake::Fake;
use crate::fake::faults::{Fault, Scope};
use crate::fake::gateway::Surprise;
use crate::members::{SOURCE, Scene};
use crate::nape::Nape;

const ASK: &str = "what is effleurage";

#[tokio::test]
async fn sockets_that_drop_ops_7_and_9_and_passing_close_codes_are_got_over() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let again = async |what: &str| {
        fake.ready().await;
        assert!(scene.ask(&scene.anna, ASK).await.text.contains(SOURCE), "{what}");
    };
    fake.ask_to_reconnect(0);
    fake.until(|state| (state.gateway.resumes.len() == 1).then_some(())).await;
    again("op 7").await;
    fake.drop_socket(0);
    fake.until(|state| (state.gateway.resumes.len() == 2).then_some(())).await;
    again("a socket that drops").await;
    let identified = |fake: &Fake| fake.look(|state| state.gateway.identifies.len());
    let before = identified(fake);
    fake.invalidate(0, false);
    fake.until(|state| (state.gateway.identifies.len() > before).then_some(())).await;
    again("op 9").await;
    fake.close(0, 4000);
    fake.until(|state| (state.gateway.connections >= 5).then_some(())).await;
    again("close code 4000").await;
    let begun = identified(fake);
    assert!(begun <= before + 3, "{begun} sessions begun: that is a spin");
}

#[tokio::test]
async fn a_refused_token_ends_the_adapter_with_a_clear_word() {
    let fake = Fake::start().await;
    fake.unauthorized(true);
    let mut nape = Nape::begin(&fake, "");
    let status = nape.ended().await;
    assert!(!status.success());
    assert!(nape.log().contains("refuses the token") && nape.log().contains("developer portal"), "{}", nape.log());
    assert!(!nape.log().contains(crate::fake::TOKEN));
}

#[tokio::test]
async fn a_refused_token_ends_discord_alone_and_whoever_sits_at_the_terminal_goes_on() {
    let fake = Fake::start().await;
    fake.unauthorized(true);
    let (mut nape, mut seat) = Nape::with_a_terminal(&fake);
    seat.logs("refuses the token").await;
    seat.types(ASK);
    seat.shows("gliding strokes").await;
    // Nor is it asked for again and again.
    let asked = fake.look(|state| state.requests.len());
    seat.types("technique petrissage");
    seat.shows("Petrissage: kneading").await;
    assert_eq!(fake.look(|state| state.requests.len()), asked);
    assert!(nape.stop().await.success(), "it goes on until it is asked to end");
}

#[tokio::test]
async fn a_bot_on_trial_has_its_commands_in_one_guild_alone() {
    let fake = Fake::start().await;
    let (own, other) = (fake.guild("own"), fake.guild("other"));
    let mut nape = Nape::begin(&fake, &format!("guild = \"{own}\""));
    nape.listens(&fake).await;
    let anna = fake.user("anna");
    assert!(fake.member(own, anna).is_offered("ask") && !fake.member(other, anna).is_offered("ask"));
    assert!(fake.member(own, anna).slash("ask").option("question", ASK).send().reply().await.text.contains(SOURCE));
    let put = "PUT /applications/{application_id}/guilds/{guild_id}/commands";
    let all = "PUT /applications/{application_id}/commands";
    nape.kill();
    let before = fake.look(|state| state.gateway.identifies.len());
    nape.again();
    fake.until(|state| (state.gateway.identifies.len() > before).then_some(())).await;
    assert_eq!((fake.calls(put), fake.calls(all)), (1, 0), "once, and nowhere else");
}

#[tokio::test]
async fn a_token_that_is_taken_away_ends_it_too() {
    let mut scene = Scene::new().await;
    scene.fake.unauthorized(true);
    scene.fake.close(0, 4004);
    assert!(!scene.nape.ended().await.success());
    assert!(scene.nape.log().contains("refuses the token"), "{}", scene.nape.log());
}

#[tokio::test]
async fn what_is_refused_for_now_or_fails_is_sent_later_and_once() {
    let scene = Scene::new().await;
    let fake = &scene.fake;
    let key = "POST /interactions/{interaction_id}/{interaction_token}/callback";
    for fault in [Fault::status(503), Fault::reset(), Fault::rate_limited(Scope::User, Duration::from_millis(10))] {
        fake.fault(fault.on(key).times(1));
        // The answer's own time may be over by then: a private answer is not said in another way. The next is.
        let handle = scene.anna.slash("ask").option("question", ASK).send();
        handle.acknowledged().await;
        assert!(handle.reply().await.text.contains(SOURCE));
    }
}

#[tokio::test]
async fn it_ends_cleanly_when_asked_and_at_once_when_nothing_answers() {
    let mut scene = Scene::new().await;
    scene.fake.until(|state| state.gateway.connected().next().map(|_| ())).await;
    assert!(scene.nape.stop().await.success());
    let fake = Fake::start().await;
    let (held, gate) = Fault::held();
    fake.fault(held);
    let mut nape = Nape::begin(&fake, "");
    fake.until(|state| (!state.requests.is_empty()).then_some(())).await;
    assert!(nape.stop().await.success(), "{}", nape.log());
    drop(gate);
}

#[tokio::test]
async fn commands_are_sent_only_when_they_differ() {
    let mut scene = Scene::new().await;
    let put = "PUT /applications/{application_id}/commands";
    assert_eq!(scene.fake.calls(put), 1);
    scene.nape.kill();
    let before = scene.fake.look(|state| state.gateway.identifies.len());
    scene.nape.again();
    scene.fake.until(|state| (state.gateway.identifies.len() > before).then_some(())).await;
    scene.fake.ready().await;
    assert_eq!(scene.fake.calls(put), 1, "nothing has changed");
    scene.nape.kill();
    scene.fake.change(|state| drop(state.commands.get_mut(&None).expect("they are there").pop()));
    scene.nape.again();
    scene
        .fake
        .until(|state| (state.requests.iter().filter(|request| request.key() == put).count() == 2).then_some(()))
        .await;
}

#[tokio::test]
async fn several_shards_each_hear_their_guilds() {
    let fake = Fake::start().await;
    let guilds = [fake.guild_on("first", 0, 2), fake.guild_on("second", 1, 2)];
    let nape = Nape::begin(&fake, "shards = 2");
    nape.listens(&fake).await;
    fake.until(|state| (state.gateway.connected().count() == 2).then_some(())).await;
    for guild in guilds {
        let somebody = fake.member(guild, fake.user("somebody"));
        let seen = somebody.slash("ask").option("question", ASK).send().reply().await;
        assert!(seen.text.contains(SOURCE));
    }
    let starts = fake.look(|state| state.gateway.identifies.iter().map(|identify| identify.at).collect::<Vec<_>>());
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 5_000), "five seconds apart: {starts:?}");
}

#[tokio::test]
async fn fifty_people_in_two_servers_are_answered_with_one_call_each_and_no_429() {
    let scene = Scene::new().await;
    let other = scene.fake.guild("other");
    scene.fake.ready().await;
    let handles: Vec<_> = (0..50)
        .map(|number| {
            let guild = if number % 2 == 0 { scene.guild } else { other };
            let somebody = scene.fake.member(guild, scene.fake.user(&format!("person {number}")));
            somebody.slash("ask").option("question", ASK).send()
        })
        .collect();
    for handle in &handles {
        assert!(handle.reply().await.text.contains(SOURCE));
        assert!(handle.acknowledged().await.took < 3_000_000, "in time");
    }
    let counts = scene.fake.counts();
    let calls: usize = counts
        .iter()
        .filter(|(key, _)| key.contains("callback") || key.contains("webhooks"))
        .map(|(_, count)| count)
        .sum();
    assert!(calls <= 100, "at most a first sign and an answer for each: {counts:?}");
    assert!(scene.fake.look(|state| state.requests.iter().all(|request| request.status != Some(429))));
}

#[tokio::test]
async fn what_discord_refuses_for_good_ends_it_with_what_to_do() {
    let fake = Fake::start().await;
    fake.surprise(Surprise::Close(4014));
    let mut nape = Nape::begin(&fake, "");
    assert!(!nape.ended().await.success());
    assert!(nape.log().contains("look for a newer one"), "{}", nape.log());
    assert_eq!(fake.look(|state| state.gateway.identifies.len()), 1);
}
