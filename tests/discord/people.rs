//! Interactions from both ends: what a person does arrives as Discord sends it, and answers are held to Discord's rules.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fake::permissions::MANAGE_GUILD;
use crate::fake::{Actor, Fake, Handle, Id, Seen};
use crate::gateway::Shard;
use crate::rest::{Rest, text};

/// A guild with commands, somebody in it, and a shard that listens.
struct Scene {
    fake: Fake,
    rest: Rest,
    shard: Shard,
    guild: Id,
    anna: Actor,
}

impl Scene {
    async fn new() -> Self {
        let fake = Fake::start().await;
        let guild = fake.guild("spine");
        let rest = Rest::new(&fake);
        let option = |kind: u8, name: &str| json!({ "type": kind, "name": name, "description": "x" });
        let mut question = option(3, "question");
        question["required"] = true.into();
        question["autocomplete"] = true.into();
        let mut level = option(4, "level");
        level["choices"] = json!([{ "name": "light", "value": 1 }, { "name": "firm", "value": 2 }]);
        let commands = json!([
            { "name": "ask", "description": "Ask", "options": [question, level, option(7, "where")] },
            { "name": "routine", "description": "Routines", "options": [
                { "type": 1, "name": "start", "description": "Start", "options": [option(5, "slow")] } ] },
            { "name": "admin", "description": "Admin", "default_member_permissions": MANAGE_GUILD.to_string(), "contexts": [0] },
        ]);
        assert_eq!(rest.commands(&commands).await.status, 200);
        let shard = Shard::ready(&fake, (0, 1)).await;
        let anna = fake.member(guild, fake.user("anna"));
        Self { fake, rest, shard, guild, anna }
    }

    /// The next interaction as it arrives.
    async fn arrived(&mut self) -> Value {
        self.shard.event("INTERACTION_CREATE").await
    }

    async fn answer(&self, handle: &Handle, body: Value) -> (u16, u64) {
        let answer = self.rest.callback(&self.fake, handle.id, &body).await;
        (answer.status, answer.code())
    }
}

fn said(content: &str) -> Value {
    json!({ "type": 4, "data": text(content) })
}

fn with_button(content: &str, custom_id: &str) -> Value {
    let mut body = said(content);
    let buttons = json!([{ "type": 2, "style": 1, "label": "Next", "custom_id": custom_id }]);
    body["data"]["components"] = json!([{ "type": 1, "components": buttons }]);
    body
}

#[tokio::test]
async fn a_command_arrives_with_its_options_place_and_permissions() {
    let mut scene = Scene::new().await;
    let channel = scene.anna.channel;
    let handle = scene
        .anna
        .slash("ask")
        .option("question", "why?")
        .option("level", "firm")
        .option("where", channel.to_string())
        .send();
    let event = scene.arrived().await;
    assert_eq!(event["data"]["name"], "ask");
    assert_eq!(event["data"]["options"][1], json!({ "name": "level", "type": 4, "value": 2 }));
    assert_eq!(event["data"]["resolved"]["channels"][channel.to_string()]["name"], "general");
    let place = (&event["guild_id"], &event["channel_id"], &event["member"]["user"]["username"]);
    assert_eq!(place, (&json!(scene.guild), &json!(channel), &json!("anna")));
    let bits =
        |value: &Value| value.as_str().and_then(|bits| bits.parse::<u64>().ok()).expect("permissions are a text");
    assert_eq!(bits(&event["member"]["permissions"]) & MANAGE_GUILD, 0);
    assert_eq!(bits(&event["app_permissions"]), scene.fake.look(|state| state.permissions(channel, state.bot.id)));
    assert_eq!(scene.answer(&handle, said("because")).await, (204, 0));
    assert_eq!(handle.reply().await.text, "because");
    scene.anna.slash("routine start").option("slow", true).send();
    let inner = &scene.arrived().await["data"]["options"][0];
    assert_eq!((&inner["name"], &inner["options"][0]["value"]), (&json!("start"), &json!(true)));
}

#[tokio::test]
async fn in_a_direct_message_there_is_a_user_and_no_guild() {
    let mut scene = Scene::new().await;
    scene.fake.dm(scene.anna.user).slash("ask").option("question", "why?").send();
    let event = scene.arrived().await;
    assert_eq!((&event["user"]["username"], event.get("member"), event.get("guild_id")), (&json!("anna"), None, None));
    assert_eq!((&event["context"], &event["channel"]["type"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_command_is_offered_by_permission_and_context() {
    let scene = Scene::new().await;
    assert!(scene.anna.is_offered("ask") && !scene.anna.is_offered("admin") && !scene.anna.is_offered("nosuch"));
    let ben = scene.fake.user("ben");
    scene.fake.grant(scene.guild, ben, MANAGE_GUILD);
    assert!(scene.fake.member(scene.guild, ben).is_offered("admin"));
    assert!(!scene.fake.dm(ben).is_offered("admin"), "it is for guilds");
    scene.anna.slash("admin").opened().send();
}

#[tokio::test]
async fn an_interaction_is_answered_once_in_time_and_fittingly() {
    let scene = Scene::new().await;
    let ask = || scene.anna.slash("ask").option("question", "why?").send();
    let handle = ask();
    assert_eq!(scene.answer(&handle, said("one")).await, (204, 0));
    assert_eq!(scene.answer(&handle, said("two")).await, (400, 40060));
    let late = ask();
    scene.fake.advance(Duration::from_secs(4));
    assert_eq!(scene.answer(&late, said("late")).await, (404, 10062));
    let wrong = ask();
    for body in
        [json!({ "type": 6 }), json!({ "type": 7, "data": text("x") }), json!({ "type": 8, "data": { "choices": [] } })]
    {
        assert_eq!(scene.answer(&wrong, body).await, (400, 50035));
    }
    assert_eq!(
        scene.answer(&wrong, json!({ "type": 4, "data": { "allowed_mentions": { "parse": [] } } })).await,
        (400, 50006)
    );
    let token = format!("/interactions/{}/nosuch/callback", wrong.id);
    assert_eq!(scene.rest.post(&token, &said("x")).await.code(), 10062);
    let taken = scene.fake.look(|state| state.interactions[&handle.id].answered).expect("it was answered");
    assert!(taken.after < 3000 && taken.kind == 4);
}

#[tokio::test]
async fn a_deferral_keeps_its_audience_and_its_first_follow_up_takes_its_place() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "why?").send();
    let webhook = Rest::webhook(&scene.fake, handle.id);
    assert_eq!(scene.rest.post(&webhook, &text("too early")).await.code(), 10015);
    assert_eq!(scene.answer(&handle, json!({ "type": 5, "data": { "flags": 64 } })).await, (204, 0));
    assert_eq!(scene.rest.get(&format!("{webhook}/messages/@original")).await.body["flags"], 64 + 128);
    assert_eq!(scene.rest.post(&webhook, &text("first")).await.status, 200);
    let second = scene.rest.post(&webhook, &text("second")).await;
    assert_eq!(scene.rest.patch(&format!("{webhook}/messages/{}", second.id()), &text("2nd")).await.status, 200);
    let replies = handle.replies(2).await;
    assert_eq!(
        replies.iter().map(|reply| (reply.text.as_str(), reply.ephemeral)).collect::<Vec<_>>(),
        [("first", true), ("2nd", false)]
    );
    let path = format!("/channels/{}/messages/{}", scene.anna.channel, replies[0].id);
    assert_eq!(
        scene.rest.patch(&path, &text("x")).await.code(),
        10008,
        "what one person sees, the bot's endpoints don't"
    );
    assert_eq!(scene.rest.delete(&format!("{webhook}/messages/@original")).await.status, 204);
    assert_eq!(scene.rest.patch(&format!("{webhook}/messages/@original"), &text("x")).await.code(), 10008);
    scene.fake.advance(Duration::from_secs(15 * 60));
    assert_eq!(scene.rest.post(&webhook, &text("after a quarter of an hour")).await.code(), 50027);
}

#[tokio::test]
async fn a_button_updates_its_message_now_or_later() {
    let mut scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "why?").send();
    scene.answer(&handle, with_button("one", "n:1")).await;
    scene.arrived().await;
    let pressed = handle.press("Next").await;
    let event = scene.arrived().await;
    assert_eq!(
        (&event["type"], &event["data"]["custom_id"], &event["message"]["content"]),
        (&json!(3), &json!("n:1"), &json!("one"))
    );
    let mut update = with_button("two", "n:2");
    update["type"] = 7.into();
    scene.answer(&pressed, update).await;
    let two: Seen = pressed.reply().await;
    assert_eq!((two.text.as_str(), two.revision), ("two", 1));
    let again = pressed.press("Next").await;
    assert_eq!(scene.answer(&again, json!({ "type": 6 })).await, (204, 0));
    let webhook = Rest::webhook(&scene.fake, again.id);
    assert_eq!(scene.rest.patch(&format!("{webhook}/messages/@original"), &text("three")).await.status, 200);
    assert_eq!(again.reply().await.text, "three");
    // A client that is slow presses what is no longer there; somebody else presses in the open.
    let ben = scene.fake.member(scene.guild, scene.fake.user("ben"));
    let stale = ben.press_id(&two, "n:1");
    let mut kind = said("not yours");
    kind["data"]["flags"] = 64.into();
    scene.answer(&stale, kind).await;
    assert!(stale.reply().await.ephemeral);
}

#[tokio::test]
async fn a_select_a_modal_and_suggestions_go_both_ways() {
    let mut scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "why?").send();
    scene.arrived().await;
    let options = json!([{ "label": "Light", "value": "1" }, { "label": "Firm", "value": "2" }]);
    let selects = json!([
        { "type": 1, "components": [{ "type": 3, "custom_id": "pressure", "placeholder": "How firm", "options": options }] },
        { "type": 1, "components": [{ "type": 8, "custom_id": "place" }] },
    ]);
    let mut body = said("choose");
    body["data"]["components"] = selects;
    scene.answer(&handle, body).await;
    let picked = handle.select("How firm", &["Firm"]).await;
    assert_eq!(scene.arrived().await["data"]["values"], json!(["2"]));
    let input = json!({ "type": 4, "custom_id": "notes", "label": "Notes", "style": 2, "max_length": 20 });
    let modal = json!({ "custom_id": "m", "title": "Notes", "components": [{ "type": 1, "components": [input] }] });
    scene.answer(&picked, json!({ "type": 9, "data": modal })).await;
    assert_eq!(picked.modal().await.fields, [("Notes".to_owned(), "notes".to_owned())]);
    let sent = picked.submit(&[("Notes", "fine")]);
    let event = scene.arrived().await;
    assert_eq!(
        (&event["type"], &event["data"]["components"][0]["components"][0]["value"]),
        (&json!(5), &json!("fine"))
    );
    let mut update = said("noted");
    update["type"] = 7.into();
    scene.answer(&sent, update).await;
    assert_eq!(sent.reply().await.text, "noted");
    let place = scene.anna.channel.to_string();
    let other = scene.anna.slash("ask").option("question", "why?").send();
    scene.arrived().await;
    let mut body = said("where");
    body["data"]["components"] = json!([{ "type": 1, "components": [{ "type": 8, "custom_id": "place" }] }]);
    scene.answer(&other, body).await;
    other.select("place", &[&place]).await;
    assert_eq!(scene.arrived().await["data"]["resolved"]["channels"][&place]["name"], "general");
    let typing = scene.anna.slash("ask").autocomplete("question", "wh");
    assert_eq!(
        scene.arrived().await["data"]["options"][0],
        json!({ "name": "question", "type": 3, "value": "wh", "focused": true })
    );
    scene.answer(&typing, json!({ "type": 8, "data": { "choices": [{ "name": "Why?", "value": "why" }] } })).await;
    assert_eq!(typing.choices().await, [("Why?".to_owned(), json!("why"))]);
}

#[tokio::test]
async fn with_response_tells_what_became_of_it() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "why?").send();
    let token = scene.fake.look(|state| state.interactions[&handle.id].token.clone());
    let path = format!("/interactions/{}/{token}/callback?with_response=true", handle.id);
    let answer = scene.rest.post(&path, &said("because")).await;
    assert_eq!((answer.status, &answer.body["resource"]["message"]["content"]), (200, &json!("because")));
}

#[tokio::test]
async fn a_file_is_kept_by_its_name() {
    let scene = Scene::new().await;
    let handle = scene.anna.slash("ask").option("question", "why?").send();
    let token = scene.fake.look(|state| state.interactions[&handle.id].token.clone());
    let path = format!("/interactions/{}/{token}/callback", handle.id);
    let mut body = said("your data");
    body["data"]["attachments"] = json!([{ "id": "0", "description": "All that is kept" }]);
    assert_eq!(scene.rest.upload(&path, &body, "data.json", b"{}").await.status, 204);
    assert_eq!(handle.reply().await.files, ["data.json"]);
    let request = scene.fake.look(|state| state.requests.last().cloned()).expect("there was one");
    assert_eq!((request.files, request.at >= handle.id.made()), (vec!["data.json".to_owned()], true));
}
