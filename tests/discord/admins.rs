//! What those who manage a server can do, and nobody else.

use crate::fake::permissions::*;
use crate::fake::{Actor, Fake};
use crate::members::Scene;

async fn check(admin: &Actor) -> String {
    admin.slash("nape-admin check").send().reply().await.text
}

#[tokio::test]
async fn an_admin_configures_and_a_member_can_not() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    assert!(!scene.anna.is_offered("nape-admin") && owner.is_offered("nape-admin"));
    let shown = owner.slash("nape-admin show").send().reply().await;
    assert!(shown.ephemeral && shown.text.contains("routine_place"), "{shown:?}");
    let set = |who: &Actor| {
        who.slash("nape-admin set").option("key", "emergency_text").option("value", "112").opened().send()
    };
    assert!(set(&owner).reply().await.text.contains("nothing → 112"));
    // The server has opened the command to all: the program asks again itself.
    let refused = set(&scene.anna).reply().await;
    assert!(refused.ephemeral && refused.text.contains("manage the server"), "{refused:?}");
    let seen = scene.ask(&scene.anna, "worst headache of my life, suddenly, in seconds").await;
    assert!(seen.text.contains("112"), "{seen:?}");
}

#[tokio::test]
async fn discord_is_asked_about_a_guild_for_its_admins_alone() {
    let scene = Scene::new().await;
    let refused = scene.anna.slash("nape-admin check").opened().send().reply().await;
    assert!(refused.ephemeral && refused.text.contains("manage the server"), "{refused:?}");
    assert_eq!(scene.fake.calls("GET /guilds/{guild_id}/channels"), 0);
    check(&scene.fake.member(scene.guild, scene.fake.owner(scene.guild))).await;
    assert_eq!(scene.fake.calls("GET /guilds/{guild_id}/channels"), 1);
}

#[tokio::test]
async fn the_settings_are_one_private_panel_and_saved_at_each_change() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    let panel = owner.slash("nape-admin show").send().reply().await;
    let choose = async |which: &str, labels: &[&str]| {
        let seen = owner.select(&panel, which, labels).reply().await;
        assert!(seen.id == panel.id && seen.ephemeral, "it stays one message: {seen:?}");
        seen
    };
    let back = async || assert_eq!(owner.press(&panel, "Settings here").reply().await.id, panel.id);
    // Values from a list that shows the present one.
    choose("list", &["routine place"]).await;
    assert!(choose("list", &["here"]).await.text.contains("→ here"));
    back().await;
    assert!(choose("list", &["answers"]).await.text.contains("Now\\: private"));
    let pressed = owner.press(&panel, "public").reply().await;
    assert!(pressed.id == panel.id && pressed.text.contains("private → public"), "{pressed:?}");
    // Channels and roles from the client's own lists, and none of them again.
    let hall = scene.fake.channel(scene.guild, "hall").to_string();
    back().await;
    choose("list", &["channels denied"]).await;
    assert!(choose("Choose", &[&hall]).await.text.contains(&format!("nothing → {hall}")));
    assert!(choose("Choose", &[]).await.text.contains("→ nothing"));
    scene.fake.grant(scene.guild, scene.anna.user, 0);
    let role = scene.role_of(&scene.anna);
    back().await;
    choose("list", &["admin roles"]).await;
    assert!(choose("Choose", &[&role]).await.text.contains(&role));
    // A channel that is picked is one of this server, and need not be the one where it is done.
    back().await;
    choose("list", &["log channel"]).await;
    assert!(choose("Choose", &[&hall]).await.text.contains(&hall));
    // A text is written into a form, and passes the gate as everywhere.
    back().await;
    choose("list", &["emergency text"]).await;
    let write = async |text: &str| {
        let form = owner.press(&panel, "Write it");
        form.modal().await;
        form.submit(&[("text", text)]).reply().await
    };
    let written = write("112 or the nurse line").await;
    assert!(written.id == panel.id && written.text.contains("nothing → 112 or the nurse line"), "{written:?}");
    // It is tried out in a message of its own, with nothing done.
    let tried = owner.press(&panel, "Test it").reply().await;
    assert!(tried.id != panel.id && tried.ephemeral && tried.text.contains("112 or the nurse line"), "{tried:?}");
    let free = owner.slash("routine start").option("name", "touch-free-calm").send().reply().await;
    assert!(!free.text.contains("locked") && !free.text.contains("once more"), "nothing was meant: {free:?}");
    let alarm = write("my face is drooping and i can't speak").await;
    assert!(alarm.id != panel.id && alarm.ephemeral && alarm.text.contains("emergency number"), "{alarm:?}");
}

#[tokio::test]
async fn the_questions_of_a_beginning_are_one_message() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    let asked = owner.slash("nape-admin setup").send().reply().await;
    for (answer, told) in
        [("public", "private → public"), ("Skip", "Question 3"), ("Skip", "Question 4"), ("Skip", "That was all")]
    {
        let next = owner.press(&asked, answer).reply().await;
        assert!(next.id == asked.id && next.ephemeral && next.text.contains(told), "{next:?}");
    }
}

#[tokio::test]
async fn what_takes_a_text_opens_a_form() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    let set = |key: &str| owner.slash("nape-admin set").option("key", key).send();
    for (key, text, told) in [
        ("emergency_text", "911", "nothing → 911"),
        ("at_once", "7", "5 → 7"),
        ("time_zone", "europe/berlin", "UTC → Europe/Berlin"),
    ] {
        let form = set(key);
        assert_eq!(form.modal().await.fields.len(), 1);
        let written = form.submit(&[("text", text)]).reply().await;
        assert!(written.text.contains(told), "{written:?}");
    }
    assert!(set("routines").reply().await.text.contains("on, off"), "what has no free text is shown");
    let told = scene.anna.slash("nape-admin set").option("key", "emergency_text").opened().send().reply().await;
    assert!(told.text.contains("manage the server"), "a form is not opened for those who can't send it: {told:?}");
}

#[tokio::test]
async fn a_named_role_gets_the_forms_too() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    scene.fake.grant(scene.guild, scene.anna.user, 0);
    let role = scene.role_of(&scene.anna);
    let apply = async || scene.anna.slash("nape-admin apply").opened().send().reply().await;
    assert!(apply().await.text.contains("manage the server"));
    owner.slash("nape-admin set").option("key", "admin_roles").option("value", role.as_str()).send().reply().await;
    let asked = apply().await;
    assert!(asked.ephemeral, "{asked:?}");
    let form = scene.anna.press(&asked, "Write it");
    form.modal().await;
    let file = format!("at_once = 7\nadmin_roles = [\"{role}\"]\n");
    let applied = form.submit(&[("text", &file)]).reply().await;
    assert!(applied.text.contains("Done, all at once"), "{applied:?}");
}

#[tokio::test]
async fn a_log_channel_that_is_closed_to_the_bot_or_gone_is_named() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    owner.slash("nape-admin set").option("key", "emergency_text").option("value", "112").send().reply().await;
    let hall = scene.fake.channel(scene.guild, "hall");
    owner
        .in_channel(hall)
        .slash("nape-admin set")
        .option("key", "log_channel")
        .option("value", "here")
        .send()
        .reply()
        .await;
    let here = hall.to_string();
    owner
        .slash("nape-admin set")
        .option("key", "channels")
        .option("value", format!("here {here}"))
        .send()
        .reply()
        .await;
    assert!(check(&owner).await.contains("All is well"));
    scene.fake.deny_bot(hall, SEND_MESSAGES);
    let said = check(&owner).await;
    assert!(said.contains("Send Messages\\: without it, changes of settings"), "{said}");
    assert!(!said.contains("View Channels") && !said.contains("routines"), "nothing else is missing: {said}");
    scene.fake.delete_channel(hall);
    let said = check(&owner).await;
    let gone = |key: &str| said.contains(&format!("{key} names a channel that is not here any more"));
    assert!(gone("log\\_channel") && gone("channels") && !gone("channels\\_denied"), "{said}");
    // Where Discord doesn't tell, nothing is claimed.
    scene.fake.fault(crate::fake::faults::Fault::status(503).on("GET /guilds/{guild_id}/channels"));
    assert!(check(&owner).await.contains("All is well"));
}

#[tokio::test]
async fn a_button_of_an_admin_stops_working_with_their_rights() {
    let scene = Scene::new().await;
    let chief = scene.fake.member(scene.guild, scene.fake.user("chief"));
    scene.fake.grant(scene.guild, chief.user, MANAGE_GUILD);
    let card = chief.slash("nape-admin show").option("key", "routines").send().reply().await;
    scene.fake.change(|state| {
        state
            .guilds
            .get_mut(&scene.guild)
            .expect("it is there")
            .members
            .get_mut(&chief.user)
            .expect("they are in")
            .roles
            .clear();
    });
    let refused = chief.press(&card, "off").reply().await;
    assert!(refused.text.contains("manage the server"), "{refused:?}");
}

#[tokio::test]
async fn each_permission_that_is_taken_away_is_named_and_no_other() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    owner.slash("nape-admin set").option("key", "emergency_text").option("value", "112").send().reply().await;
    let names = [
        (VIEW_CHANNEL, "View Channels"),
        (SEND_MESSAGES, "Send Messages\\:"),
        (SEND_MESSAGES_IN_THREADS, "Send Messages in Threads"),
        (CREATE_PRIVATE_THREADS, "Create Private Threads"),
        (CREATE_PUBLIC_THREADS, "Create Public Threads"),
    ];
    for (place, needs) in
        [("private_thread", vec![0, 2, 3]), ("public_thread", vec![0, 2, 4]), ("here", vec![0, 1]), ("direct", vec![])]
    {
        owner.slash("nape-admin set").option("key", "routine_place").option("value", place).send().reply().await;
        assert!(check(&owner).await.contains("All is well"), "{place}");
        for (number, (bit, name)) in names.iter().enumerate() {
            scene.fake.deny_bot(owner.channel, *bit);
            let said = check(&owner).await;
            let named: Vec<&str> = names.iter().map(|(_, name)| *name).filter(|name| said.contains(name)).collect();
            let expected: &[&str] = if needs.contains(&number) { &[name] } else { &[] };
            // Who can't see a channel may do nothing in it: Discord takes all the rest along.
            let named: Vec<&str> = if *bit == VIEW_CHANNEL { named.into_iter().take(1).collect() } else { named };
            assert_eq!(named, expected, "{place} without {name}: {said}");
            assert!(said.contains("https://discord.com/oauth2/authorize"), "{said}");
        }
        scene.fake.deny_bot(owner.channel, 0);
    }
}

#[tokio::test]
async fn a_server_that_removes_the_bot_while_it_is_away_is_forgotten_in_a_week_all_the_same() {
    let mut scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    owner.slash("nape-admin set").option("key", "at_once").option("value", "7").send().reply().await;
    assert!(!scene.nape.export().contains("\"removed\""));
    scene.nape.kill();
    scene.fake.until(|state| state.gateway.connected().next().is_none().then_some(())).await;
    scene.fake.kick(scene.guild);
    let other = scene.fake.guild("another");
    scene.nape.again();
    scene.nape.listens(&scene.fake).await;
    let ben = scene.fake.member(other, scene.fake.user("ben"));
    // The news of the start come before what is done after it; a little later it is stored.
    for _ in 0..50 {
        ben.slash("nape about").send().reply().await;
        if scene.nape.export().contains("\"removed\"") {
            return;
        }
    }
    panic!("nothing is to be deleted: {}", scene.nape.export());
}

#[tokio::test]
async fn whoever_lets_the_bot_in_is_greeted_once_and_an_outage_is_no_removal() {
    let scene = Scene::new().await;
    let guild = scene.fake.guild("a new one");
    let owner = scene.fake.owner(guild);
    let greeted = |fake: &Fake| {
        let direct = fake.look(|state| state.direct(owner));
        direct.map_or(0, |channel| fake.messages(channel).len())
    };
    scene
        .fake
        .until(|state| {
            state.direct(owner).filter(|channel| state.messages.values().any(|message| message.channel == *channel))
        })
        .await;
    let direct = scene.fake.look(|state| state.direct(owner)).expect("they were written to");
    assert!(scene.fake.messages(direct)[0].content.contains("nape-admin check"));
    let admin = scene.fake.member(guild, owner);
    admin.slash("nape-admin set").option("key", "at_once").option("value", "7").send().reply().await;
    scene.fake.outage(guild, true);
    scene.fake.outage(guild, false);
    scene.fake.kick(guild);
    scene.fake.invite(guild);
    // What comes after has been seen after all of that.
    let kept = admin.slash("nape-admin show").option("key", "at_once").send().reply().await;
    assert!(kept.text.contains("7 \\(set here"), "back within the week, its settings are there: {kept:?}");
    assert_eq!(greeted(&scene.fake), 1);
}

#[tokio::test]
async fn the_settings_are_pasted_or_attached_taken_over_whole_and_undone() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    let paste = async |command: &str, lines: &str| {
        let form = owner.slash(command).send();
        form.modal().await;
        form.submit(&[("text", lines)]).reply().await
    };
    let file = "answers = \"public\"\nat_once = 7\n";
    let planned = paste("nape-admin plan", file).await;
    assert!(
        planned.ephemeral && planned.text.contains("at_once") && planned.text.contains("Nothing was changed"),
        "{planned:?}"
    );
    let wrong = paste("nape-admin apply", "at_once = 0\nanswer = \"public\"\n").await;
    assert!(wrong.text.contains("Line 1") && wrong.text.contains("Line 2"), "{wrong:?}");
    // As an attachment it is the same.
    let applied = owner.slash("nape-admin apply").option("file", file).send().reply().await;
    assert!(applied.text.contains("Done, all at once"), "{applied:?}");
    let undone = owner.press(&applied, "Undo it").reply().await;
    assert!(undone.text.contains("Undone"), "{undone:?}");
    let shown = owner.slash("nape-admin show").option("key", "at_once").send().reply().await;
    assert!(shown.text.contains("5 \\(default"), "{shown:?}");
}

#[tokio::test]
async fn changes_are_announced_in_the_channel_that_was_set() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    owner.slash("nape-admin set").option("key", "log_channel").option("value", "here").send().reply().await;
    owner.slash("nape-admin set").option("key", "at_once").option("value", "7").send().reply().await;
    let said = scene.fake.until(|state| {
        let texts =
            state.messages.values().filter(|message| message.channel == owner.channel && message.only_for.is_none());
        texts.map(|message| message.content.clone()).find(|text| text.contains("at_once"))
    });
    let said = said.await;
    assert!(said.contains("5 \\(default\\) → 7") && !said.contains(&owner.user.to_string()), "{said}");
}

#[tokio::test]
async fn a_named_role_may_configure_and_a_denied_channel_stays_silent() {
    let scene = Scene::new().await;
    let owner = scene.fake.member(scene.guild, scene.fake.owner(scene.guild));
    scene.fake.grant(scene.guild, scene.anna.user, 0);
    let role = scene.role_of(&scene.anna);
    let set = |who: &Actor, key: &str, value: &str| {
        who.slash("nape-admin set").option("key", key).option("value", value).opened().send()
    };
    assert!(set(&scene.anna, "at_once", "7").reply().await.text.contains("manage the server"));
    set(&owner, "admin_roles", &format!("<@&{role}>")).reply().await;
    assert!(set(&scene.anna, "at_once", "7").reply().await.text.contains("→ 7"));
    assert!(set(&scene.anna, "admin_roles", "nothing").reply().await.text.contains("Nothing was changed"));
    set(&owner, "channels_denied", "here").reply().await;
    let refused = scene.ask(&scene.anna, "what is effleurage").await;
    assert!(refused.ephemeral && refused.text.contains("not used in this channel"), "{refused:?}");
    let urgent = scene.ask(&scene.anna, "worst headache of my life, suddenly, in seconds").await;
    assert!(urgent.text.contains("emergency"), "{urgent:?}");
}
