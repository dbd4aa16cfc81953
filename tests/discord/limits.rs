//! Discord's limits: the library's own limiter and what the adapter adds to it, over TLS as on the way to the real one; refusals
//! that are remembered; and the end far below the ban of an address.

use std::time::Duration;

use nape::adapter::SendError;
use serenity::http::HttpBuilder;

use crate::alone::{Alone, answer, say};
use crate::fake::faults::{Fault, Scope};
use crate::fake::permissions::{CREATE_PRIVATE_THREADS, SEND_MESSAGES};
use crate::fake::state::Request;
use crate::fake::{Fake, Id, TOKEN};
use crate::tls::Tls;

const SEND: &str = "POST /channels/{channel_id}/messages";

/// The adapter with the library's limiter, which knows no other address than discord.com: here, that is the loopback.
async fn limited(fake: &Fake) -> (Alone, Tls) {
    let tls = Tls::before(fake).await;
    let http = HttpBuilder::new(TOKEN).client(tls.client()).build();
    assert!(http.ratelimiter.is_some());
    let alone = Alone::begin(fake, Some(http), Vec::new());
    alone.listens(fake).await;
    (alone, tls)
}

/// The sends to a channel, as they came.
fn sends(fake: &Fake, channel: Id) -> Vec<Request> {
    fake.look(|state| {
        let there = |request: &&Request| request.key() == SEND && request.path.contains(&channel.to_string());
        state.requests.iter().filter(there).cloned().collect()
    })
}

#[tokio::test]
async fn a_429_of_one_channel_is_waited_for_and_holds_up_no_other() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let (slow, quick) = (fake.channel(guild, "slow"), fake.channel(guild, "quick"));
    let who = fake.user("anna");
    let (alone, _tls) = limited(&fake).await;
    fake.fault(Fault::rate_limited(Scope::User, Duration::from_secs(1)).on(SEND).at(slow).times(1));
    let waits = alone.is_to_do(1, say(guild, slow, who)).await;
    fake.until(|state| state.requests.iter().find(|request| request.status == Some(429)).map(|_| ())).await;
    assert_eq!(alone.does(2, say(guild, quick, who)).await, Ok(()));
    assert_eq!(waits.await.expect("it answers"), Ok(()));
    let (waited, went) = (sends(&fake, slow), sends(&fake, quick));
    let statuses: Vec<_> = waited.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(429), Some(200)], "once more and no oftener");
    assert!(waited[1].at - waited[0].at >= 1_000, "not before Discord's time: {waited:?}");
    assert!(went.len() == 1 && went[0].at < waited[1].at, "the other channel did not wait");
}

#[tokio::test]
async fn a_429_of_everything_holds_up_every_channel_but_no_answer() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let (first, second) = (fake.channel(guild, "first"), fake.channel(guild, "second"));
    let anna = fake.member(guild, fake.user("anna"));
    let (mut alone, _tls) = limited(&fake).await;
    fake.fault(Fault::rate_limited(Scope::Global, Duration::from_secs(2)).on(SEND).times(1));
    let waits = alone.is_to_do(1, say(guild, first, anna.user)).await;
    fake.until(|state| state.requests.iter().find(|request| request.status == Some(429)).map(|_| ())).await;
    // The refusal is known here a moment after it was given there.
    let held = loop {
        match alone.does(2, say(guild, second, anna.user)).await {
            Ok(()) => tokio::task::yield_now().await,
            Err(SendError::Later { after, .. }) => break after,
            Err(never) => panic!("{never}"),
        }
    };
    assert_eq!(held, Duration::from_secs(2));
    let before = sends(&fake, second).len();
    let handle = anna.slash("safety").send();
    let (heard, handled) = alone.hears().await;
    alone.does(3, answer(&heard, "at once")).await.expect("answers don't wait");
    handled.send(()).expect("it is waited for");
    assert_eq!(handle.reply().await.text, "at once");
    assert_eq!(sends(&fake, second).len(), before, "nothing was asked meanwhile");
    assert_eq!(waits.await.expect("it answers"), Ok(()));
    alone.time.go_on(held);
    assert_eq!(alone.does(2, say(guild, second, anna.user)).await, Ok(()));
}

#[tokio::test]
async fn invalid_requests_stop_far_below_the_ban() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let who = fake.user("anna");
    let alone = Alone::start(&fake).await;
    fake.fault(Fault::code(50013).on(SEND));
    let (mut refused, mut number) = (0, 0);
    let after = loop {
        number += 1;
        match alone.does(number, say(guild, Id(1_000_000 + number), who)).await {
            Err(SendError::Never { .. }) => refused += 1,
            Err(SendError::Later { after, .. }) => break after,
            Ok(()) => panic!("everything is refused"),
        }
    };
    assert!(refused == 1_000 && after <= Duration::from_secs(600), "{refused}, then {after:?}");
    assert_eq!(fake.calls(SEND), 1_000, "the last one was not asked at all");
    fake.mend();
    alone.time.go_on(after);
    let channel = fake.member(guild, who).channel;
    assert_eq!(alone.does(number, say(guild, channel, who)).await, Ok(()));
}

#[tokio::test]
async fn a_channel_that_forbids_is_not_asked_again_until_it_is_over_or_discord_shows_otherwise() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let anna = fake.member(guild, fake.user("anna"));
    let mut alone = Alone::start(&fake).await;
    let refused = |result: Result<(), SendError>| matches!(result, Err(SendError::Never { .. }));
    fake.deny_bot(anna.channel, SEND_MESSAGES);
    for number in 1..4 {
        assert!(refused(alone.does(number, say(guild, anna.channel, anna.user)).await));
    }
    assert_eq!(fake.calls(SEND), 1, "once is enough");
    alone.time.go_on(Duration::from_secs(600));
    assert!(refused(alone.does(4, say(guild, anna.channel, anna.user)).await));
    assert_eq!(fake.calls(SEND), 2, "by then it may be otherwise");
    // Another permission that comes back is none to speak.
    fake.deny_bot(anna.channel, SEND_MESSAGES | CREATE_PRIVATE_THREADS);
    for deny in [SEND_MESSAGES, 0] {
        fake.deny_bot(anna.channel, deny);
        anna.slash("safety").send();
        let (_, handled) = alone.hears().await;
        handled.send(()).expect("it is waited for");
        let spoken = alone.does(5, say(guild, anna.channel, anna.user)).await;
        assert_eq!(spoken.is_ok(), deny == 0, "{spoken:?}");
    }
    assert_eq!(fake.calls(SEND), 3);
}

#[tokio::test]
async fn a_channel_that_is_gone_is_not_asked_again() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let (channel, who) = (fake.channel(guild, "gone"), fake.user("anna"));
    let alone = Alone::start(&fake).await;
    fake.delete_channel(channel);
    for number in 1..4 {
        assert!(matches!(alone.does(number, say(guild, channel, who)).await, Err(SendError::Never { .. })));
    }
    assert_eq!(fake.calls(SEND), 1);
}
