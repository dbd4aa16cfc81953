//! discord.py lives on the fake: each tells what it saw, and the two accounts agree.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Duration, timeout};

use crate::fake::permissions::MANAGE_GUILD;
use crate::fake::state::{Message, State};
use crate::fake::{Fake, TOKEN};

/// How long the first start may take: it installs discord.py.
const PATIENCE: Duration = Duration::from_secs(240);

#[tokio::test]
async fn discord_py_lives_on_the_fake() {
    let fake = Fake::start().await;
    let guild = fake.guild("spine");
    let (anna, ben) = (fake.user("anna"), fake.user("ben"));
    fake.grant(guild, ben, MANAGE_GUILD);
    fake.speaks(anna, "de");
    let mut bot = Foreign::start(&fake);
    bot.saw(json!({ "saw": "synced", "commands": ["ask", "greet", "pick", "slow"] })).await;
    bot.saw(json!({ "saw": "ready", "user": "nape", "guilds": ["spine"] })).await;
    let member = fake.member(guild, anna);
    let account = |saw: &str, more: Value| {
        let mut account =
            json!({ "saw": saw, "user": "anna", "guild": guild, "locale": "de", "sends": true, "manages": false });
        more.as_object().into_iter().flatten().for_each(|(key, value)| account[key] = value.clone());
        account
    };

    // A slash command, and a button that changes the message.
    let greeted = member.slash("greet").send();
    let reply = greeted.reply().await;
    assert_eq!((reply.text.as_str(), reply.ephemeral), ("Hello", false));
    bot.saw(account("slash", json!({}))).await;
    let again = fake.member(guild, ben).press(&reply, "Again").reply().await;
    assert_eq!((again.text.as_str(), again.id, again.buttons.len()), ("Hello again", reply.id, 0));
    bot.saw(account("button", json!({ "message": "Hello", "user": "ben", "locale": "en-US", "manages": true }))).await;

    // A deferral, its edit, and a message after it; in a direct message.
    let slow = fake.dm(anna).slash("slow").send();
    assert_eq!((slow.acknowledged().await.kind, slow.acknowledged().await.ephemeral), (5, true));
    let replies = slow.replies(2).await;
    assert_eq!(replies[0].text, "At last\nAn embed\nof mine");
    assert_eq!(replies[1].text, "One more");
    assert!(replies.iter().all(|reply| reply.ephemeral));
    bot.saw(account("deferred", json!({ "guild": null }))).await;

    // A modal.
    let asked = member.slash("ask").send();
    let modal = asked.modal().await;
    assert_eq!((modal.title.as_str(), modal.fields[0].0.as_str()), ("How was it?", "In your words"));
    let thanked = asked.submit(&[("In your words", "quite good")]).reply().await;
    assert_eq!(thanked.text, "Thanks");
    bot.saw(account("modal", json!({ "words": "quite good" }))).await;

    // Autocomplete, then a private thread with somebody in it.
    let choices = member.slash("pick").autocomplete("what", "st").choices().await;
    assert_eq!(choices, [("Stroking".into(), json!("stroking")), ("Stretching".into(), json!("stretching"))]);
    bot.saw(json!({ "saw": "typed", "typed": "st" })).await;
    let picked = member.slash("pick").option("what", "stroking").send().reply().await;
    assert_eq!(picked.text, "In stroking");
    bot.saw(json!({ "saw": "picked", "what": "stroking" })).await;
    let thread = fake.threads(member.channel)[0];
    let messages: Vec<Message> = fake.messages(thread);
    assert_eq!((messages[0].content.as_str(), messages[0].revision), ("Step two", 1));
    assert!(fake.look(|state| state.sees(thread, anna) && !state.sees(thread, ben)));

    // A new guild, and a socket that is lost and resumed.
    fake.guild("hall");
    bot.saw(json!({ "saw": "join", "guild": "hall", "channels": ["general"] })).await;
    fake.drop_socket(0);
    bot.saw(json!({ "saw": "resumed" })).await;
    bot.end().await;
    // What discord.py sends along and Discord passes over.
    let extra = ["/data/tts", "/embeds/0/flags", "/tts"];
    let found = fake.violations();
    assert!(
        found.iter().all(|found| extra.iter().any(|extra| found.ends_with(&format!(": {extra}: no such field")))),
        "{found:?}"
    );
    fake.look(|state| {
        assert_eq!((state.gateway.identifies.len(), state.gateway.resumes.len()), (1, 1));
        let refused: Vec<_> = state.requests.iter().filter(|request| request.status >= Some(400)).collect();
        assert!(refused.is_empty(), "{refused:?}");
    });
}

/// The other side.
struct Foreign<'a> {
    fake: &'a Fake,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl<'a> Foreign<'a> {
    fn start(fake: &'a Fake) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/discord");
        let mut command = Command::new(format!("{folder}/python"));
        command.arg(format!("{folder}/foreign.py")).arg(fake.url()).arg(TOKEN);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("tests/discord/python starts");
        let lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
        Self { fake, child, lines }
    }

    /// Waits for its next line.
    async fn saw(&mut self, expected: Value) {
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        let story = || self.fake.look(State::story);
        let line = line.unwrap_or_else(|_| panic!("discord.py says nothing, not even {expected}: {}", story()));
        let line = line.expect("it can be read");
        let line = line.unwrap_or_else(|| panic!("discord.py has ended before {expected}: {}", story()));
        assert_eq!(serde_json::from_str::<Value>(&line).expect("it writes JSON"), expected);
    }

    /// Ends it by the end of its input.
    async fn end(mut self) {
        drop(self.child.stdin.take());
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it can be waited for");
        assert!(status.success(), "{status}");
    }
}
