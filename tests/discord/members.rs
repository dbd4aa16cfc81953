//! What a member can do, from their client to the real program and back.

use serde_json::json;

use crate::fake::{Actor, Fake, Id, Seen};
use crate::nape::Nape;

/// What every answer names, as it stands in Discord's markup.
pub const SOURCE: &str = "Source\\: ";

/// A server with the program in it, and somebody.
pub struct Scene {
    pub nape: Nape,
    pub guild: Id,
    pub anna: Actor,
    pub fake: Fake,
}

impl Scene {
    pub async fn new() -> Self {
        let fake = Fake::start().await;
        let guild = fake.guild("spine");
        let nape = Nape::start(&fake).await;
        let anna = fake.member(guild, fake.user("anna"));
        Self { nape, guild, anna, fake }
    }

    /// The role that somebody was granted.
    pub fn role_of(&self, who: &Actor) -> String {
        let last =
            self.fake.look(|state| state.guilds[&self.guild].members[&who.user].roles.iter().next_back().copied());
        last.expect("it was granted before").to_string()
    }

    /// What a question is answered with.
    pub async fn ask(&self, who: &Actor, question: &str) -> Seen {
        who.slash("ask").option("question", question).send().reply().await
    }
}

#[tokio::test]
async fn a_question_is_answered_for_its_person_alone_with_its_source() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "what is effleurage").send();
    let seen = handle.reply().await;
    assert!(seen.ephemeral && seen.text.contains(SOURCE), "{seen:?}");
    let more = handle.press("More").await.reply().await;
    assert!(more.ephemeral && more.text.len() > seen.text.len(), "{more:?}");
    assert!(scene.fake.messages(scene.anna.channel).is_empty(), "nothing of it is for the channel");
}

#[tokio::test]
async fn a_red_flag_in_a_question_is_answered_with_what_to_do_and_locks_routines() {
    let scene = Scene::new().await;
    let seen = scene.ask(&scene.anna, "sudden worst headache of my life, it came on in seconds").await;
    assert!(seen.ephemeral && seen.text.contains("emergency number"), "{seen:?}");
    assert!(seen.text.split_whitespace().count() < 60, "{}", seen.text);
    let locked = scene.anna.slash("routine start").option("name", "desk-reset").send().reply().await;
    assert!(locked.text.contains("once more"), "said again before anything else: {locked:?}");
    let locked = scene.anna.slash("routine start").option("name", "desk-reset").send().reply().await;
    assert!(locked.text.contains("locked"), "{locked:?}");
    // Another argument is a text as well.
    let term = scene.anna.slash("what").option("term", "my face is drooping and i can't speak").send().reply().await;
    assert!(term.text.contains("emergency number"), "{term:?}");
}

#[tokio::test]
async fn a_long_question_goes_into_a_form() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("ask").send();
    let form = handle.modal().await;
    assert_eq!(form.fields.len(), 1, "{form:?}");
    let answer = handle.submit(&[("text", "can i massage my neck if i take blood thinners")]).reply().await;
    assert!(answer.ephemeral && answer.text.contains(SOURCE), "{answer:?}");
    let flag = scene.anna.slash("ask").send();
    flag.modal().await;
    let answer = flag.submit(&[("text", "i took all my pills and i don't want to wake up")]).reply().await;
    assert!(!answer.text.contains(SOURCE), "the gate comes first: {answer:?}");
}

#[tokio::test]
async fn what_is_written_into_a_form_that_is_worth_nothing_any_more_is_read_for_emergencies() {
    let scene = Scene::new().await;
    let filled_in = async |text: &str| {
        let handle = scene.anna.slash("ask").send();
        handle.modal().await;
        // As after the bot got a new token: its signature is no longer ours.
        scene.fake.change(|state| {
            let modal = state.interactions.get_mut(&handle.id).and_then(|asked| asked.modal.as_mut());
            modal.expect("it was shown")["custom_id"] = json!("n1AAAAAAAAAAAAAA.ask");
        });
        handle.submit(&[("text", text)]).reply().await
    };
    let harmless = filled_in("what is effleurage").await;
    assert!(harmless.ephemeral && !harmless.text.contains(SOURCE), "{harmless:?}");
    let flag = filled_in("my face is drooping and i can't speak").await;
    assert!(flag.text.contains("emergency number"), "{flag:?}");
}

#[tokio::test]
async fn names_are_completed() {
    let scene = Scene::new().await;
    for (command, field, typed, expected) in [
        ("technique", "name", "eff", "effleurage"),
        ("routine start", "name", "desk", "desk-reset"),
        ("my settings", "key", "pa", "pace"),
        ("nape help", "command", "routine", "routine start"),
    ] {
        let names = scene.anna.slash(command).autocomplete(field, typed).choices().await;
        assert!(names.iter().any(|(name, _)| name == expected), "{command} {typed}: {names:?}");
    }
    assert!(scene.anna.slash("what").autocomplete("term", "zzzz").choices().await.is_empty());
}

#[tokio::test]
async fn preferences_are_set_and_taken_along_as_a_file() {
    let scene = Scene::new().await;
    let list = scene.anna.slash("my settings").send().reply().await;
    assert!(list.ephemeral && list.text.contains("pace"), "{list:?}");
    let pace = scene.anna.select(&list, "list", &["pace"]).reply().await;
    assert!(scene.anna.press(&pace, "wait").reply().await.text.contains("auto → wait"));
    let file = scene.anna.slash("my export").send().reply().await;
    assert!(file.ephemeral && file.files == ["nape-export.json"], "{file:?}");
    let gone = scene.anna.slash("my delete").send();
    assert!(gone.press("Yes, delete it all").await.reply().await.text.contains("Deleted."));
}

#[tokio::test]
async fn in_a_direct_conversation_the_same_commands_work() {
    let scene = Scene::new().await;
    let anna = scene.fake.dm(scene.anna.user);
    assert!(scene.ask(&anna, "what is effleurage").await.text.contains(SOURCE));
    assert!(!anna.is_offered("nape-admin"), "there are no settings of a server");
}

#[tokio::test]
async fn a_strangers_a_forged_and_an_old_press_change_nothing_and_are_answered_kindly() {
    let scene = Scene::new().await;
    let ben = scene.fake.member(scene.guild, scene.fake.user("ben"));
    scene.anna.slash("my settings").option("key", "pace").option("value", "wait").send().reply().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    let public = owner.slash("nape-admin set").option("key", "answers").option("value", "public").send().reply().await;
    assert!(public.text.contains("private → public"), "{public:?}");
    let answer = scene.ask(&scene.anna, "what is effleurage").await;
    assert!(!answer.ephemeral, "{answer:?}");
    let stranger = ben.press(&answer, "More").reply().await;
    assert!(stranger.ephemeral && stranger.text.contains("somebody else"), "{stranger:?}");
    let forged = scene.anna.press_id(&answer, "n1AAAAAAAAAAAAAA.my delete sure=yes").reply().await;
    assert!(forged.ephemeral && forged.text.contains("Nothing was changed"), "{forged:?}");
    let kept = scene.anna.slash("my settings").option("key", "pace").send().reply().await;
    assert!(kept.text.contains("yours"), "{kept:?}");
}

#[tokio::test]
async fn an_interaction_that_can_not_be_read_is_answered_all_the_same() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("safety").send();
    handle.reply().await;
    // The same again as it would come from a future Discord: without what the library holds to be always there.
    let raw = scene.fake.change(|state| {
        let id = state.clock.mint();
        let mut copy = state.interactions[&handle.id].clone();
        (copy.id, copy.token, copy.answered, copy.original) = (id, format!("raw-{id}"), None, None);
        let raw = json!({
            "id": id, "token": copy.token, "type": 2, "version": 1, "application_id": state.bot.id,
            "guild_id": copy.guild, "channel_id": copy.channel, "member": {"user": {"id": copy.user}},
        });
        state.interactions.insert(id, copy);
        (id, raw)
    });
    scene.fake.dispatch_raw(Some(scene.guild), "INTERACTION_CREATE", raw.1);
    let answered = scene.fake.until(|state| state.interactions[&raw.0].answered).await;
    assert!(answered.ephemeral, "{answered:?}");
    assert!(scene.nape.log().contains("count=1"), "{}", scene.nape.log());
    scene.fake.violations();
}
