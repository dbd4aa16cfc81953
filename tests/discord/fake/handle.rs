//! An interaction as the person sees it: acknowledged or not, its replies, modals, suggestions.

use serde_json::{Value, json};

use super::act::Actor;
use super::callbacks::{CHOICES, DEFERRED, DEFERRED_UPDATE, MODAL};
use super::id::Id;
use super::state::{Answered, Interaction, Message, State};

/// An interaction that was sent out.
#[derive(Clone, Debug)]
pub struct Handle {
    pub actor: Actor,
    pub id: Id,
    /// How often the message had been edited when its component was used.
    pub(super) revision: u32,
}

/// A message as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub id: Id,
    pub channel: Id,
    /// Its text, with those of embeds and text components.
    pub text: String,
    pub ephemeral: bool,
    pub buttons: Vec<Button>,
    pub selects: Vec<Select>,
    /// Names of attached files.
    pub files: Vec<String>,
    /// How often it was edited.
    pub revision: u32,
}

/// A button as it is shown. One that opens a link has no custom id.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    pub label: String,
    pub custom_id: String,
    pub style: u64,
    pub disabled: bool,
}

/// A select as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// Discord's component type: 3 for texts.
    pub kind: u64,
    pub custom_id: String,
    pub placeholder: String,
    /// Labels and values.
    pub options: Vec<(String, String)>,
}

/// A modal as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Modal {
    pub title: String,
    /// Labels and custom ids of its text fields.
    pub fields: Vec<(String, String)>,
}

impl Handle {
    /// Waits for the first answer, which may be a deferral.
    #[track_caller]
    pub fn acknowledged(&self) -> impl Future<Output = Answered> + use<'_> {
        self.actor.inner.until(|state| self.interaction(state).answered)
    }

    /// Waits for what the person is left to read: the reply, or what a deferral became, or the message as its component changed it.
    #[track_caller]
    pub fn reply(&self) -> impl Future<Output = Seen> + use<'_> {
        self.actor.inner.until(|state| self.visible(state))
    }

    /// Waits for so many messages in answer, the reply among them.
    #[track_caller]
    pub fn replies(&self, count: usize) -> impl Future<Output = Vec<Seen>> + use<'_> {
        self.actor.inner.until(move |state| Some(self.all(state)).filter(|all| all.len() >= count))
    }

    /// Waits for the reply and presses a button of it.
    #[track_caller]
    pub fn press(&self, label: &str) -> impl Future<Output = Self> + use<'_> {
        let (reply, label) = (self.reply(), label.to_owned());
        async move { self.actor.press(&reply.await, &label) }
    }

    /// Waits for the reply and picks options of a select of it, as [`Actor::select`].
    #[track_caller]
    pub fn select(&self, which: &str, labels: &[&str]) -> impl Future<Output = Self> + use<'_> {
        let (reply, which) = (self.reply(), which.to_owned());
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        async move { self.actor.select(&reply.await, &which, &labels.iter().map(String::as_str).collect::<Vec<_>>()) }
    }

    /// Waits for suggestions: what is shown, and what is sent.
    #[track_caller]
    pub fn choices(&self) -> impl Future<Output = Vec<(String, Value)>> + use<'_> {
        self.actor.inner.until(|state| {
            let choice = |choice: &Value| (text(&choice["name"]), choice["value"].clone());
            Some(self.interaction(state).choices.as_ref()?.iter().map(choice).collect())
        })
    }

    /// Waits for a modal.
    #[track_caller]
    pub fn modal(&self) -> impl Future<Output = Modal> + use<'_> {
        self.actor.inner.until(|state| self.shown_modal(state))
    }

    /// The modal, if there is one by now.
    pub fn shown_modal(&self, state: &State) -> Option<Modal> {
        let modal = self.interaction(state).modal.as_ref()?;
        let fields = inputs(modal).into_iter().map(|(label, input)| (label, text(&input["custom_id"]))).collect();
        Some(Modal { title: text(&modal["title"]), fields })
    }

    /// Fills in the modal's fields by label or custom id, and sends it.
    #[track_caller]
    pub fn submit(&self, answers: &[(&str, &str)]) -> Self {
        self.actor.inner.change(|state| {
            let interaction = self.interaction(state).clone();
            let modal = interaction.modal.expect("the modal was shown; wait for it first");
            let rows: Vec<Value> = inputs(&modal)
                .into_iter()
                .enumerate()
                .map(|(at, (label, input))| {
                    let answer = answers.iter().find(|(name, _)| *name == label || *name == input["custom_id"]);
                    let answer = answer.map_or("", |(_, answer)| *answer);
                    assert!(!answer.is_empty() || input["required"] == false, "`{label}` must be filled in");
                    let most = input["max_length"].as_u64().unwrap_or(4000);
                    assert!(answer.chars().count() as u64 <= most, "`{label}` takes {most} characters");
                    let id = 2 * at + 1;
                    let input = json!({ "type": 4, "id": id + 1, "custom_id": input["custom_id"], "value": answer });
                    json!({ "type": 1, "id": id, "components": [input] })
                })
                .collect();
            let source = interaction.source.and_then(|id| state.messages.get(&id)).cloned();
            let data = json!({ "custom_id": modal["custom_id"], "components": rows });
            let id = state.interact(&self.actor, Interaction::MODAL, data, source.as_ref());
            Self { actor: self.actor.clone(), id, revision: source.map_or(0, |message| message.revision) }
        })
    }

    fn interaction<'a>(&self, state: &'a State) -> &'a Interaction {
        &state.interactions[&self.id]
    }

    fn visible(&self, state: &State) -> Option<Seen> {
        let interaction = self.interaction(state);
        let answered = interaction.answered?;
        assert!(!matches!(answered.kind, CHOICES | MODAL), "it was answered by choices or a modal: {interaction:?}");
        let message = |id: &Id| state.messages.get(id);
        let original = interaction.original.as_ref().and_then(message);
        let shown = match answered.kind {
            DEFERRED => original.filter(|message| !message.is_loading()),
            DEFERRED_UPDATE => {
                let changed = original.filter(|message| message.revision > self.revision);
                changed.or_else(|| interaction.followups.first().and_then(message))
            }
            _ => original,
        };
        shown.map(Seen::of)
    }

    fn all(&self, state: &State) -> Vec<Seen> {
        let interaction = self.interaction(state);
        let ids = interaction.original.iter().chain(&interaction.followups);
        ids.filter_map(|id| state.messages.get(id)).filter(|message| !message.is_loading()).map(Seen::of).collect()
    }
}

impl Seen {
    /// A message as it is shown.
    pub fn of(message: &Message) -> Self {
        let mut all = Vec::new();
        flatten(&message.components, &mut all);
        let button = |component: &&Value| Button {
            label: text(&component["label"]),
            custom_id: text(&component["custom_id"]),
            style: component["style"].as_u64().unwrap_or(0),
            disabled: component["disabled"] == true,
        };
        let select = |component: &&Value| Select {
            kind: component["type"].as_u64().unwrap_or(0),
            custom_id: text(&component["custom_id"]),
            placeholder: text(&component["placeholder"]),
            options: items(&component["options"])
                .map(|option| (text(&option["label"]), text(&option["value"])))
                .collect(),
        };
        let embeds = message.embeds.iter().flat_map(|embed| {
            let fields = items(&embed["fields"]).flat_map(|field| [text(&field["name"]), text(&field["value"])]);
            let head = [text(&embed["author"]["name"]), text(&embed["title"]), text(&embed["description"])];
            head.into_iter().chain(fields.collect::<Vec<_>>()).chain([text(&embed["footer"]["text"])])
        });
        let displays =
            all.iter().filter(|component| component["type"] == 10).map(|component| text(&component["content"]));
        let lines = [message.content.clone()].into_iter().chain(embeds).chain(displays);
        Self {
            id: message.id,
            channel: message.channel,
            text: lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"),
            ephemeral: message.only_for.is_some(),
            buttons: all.iter().filter(|component| component["type"] == 2).map(button).collect(),
            selects: all
                .iter()
                .filter(|component| matches!(component["type"].as_u64(), Some(3 | 5..=8)))
                .map(select)
                .collect(),
            files: message.attachments.iter().map(|file| text(&file["filename"])).collect(),
            revision: message.revision,
        }
    }
}

/// A modal's text fields with their labels: in rows, or within labels.
fn inputs(modal: &Value) -> Vec<(String, &Value)> {
    fn field(top: &Value) -> Option<(String, &Value)> {
        Some((text(&top["label"]), top.get("component")?))
    }
    fn row(top: &Value) -> Option<(String, &Value)> {
        top["components"].get(0).map(|input| (text(&input["label"]), input))
    }
    items(&modal["components"]).filter_map(|top| field(top).or_else(|| row(top))).collect()
}

fn flatten<'a>(listed: &'a [Value], into: &mut Vec<&'a Value>) {
    for component in listed {
        into.push(component);
        flatten(component["components"].as_array().map_or(&[], Vec::as_slice), into);
        into.extend(component.get("accessory"));
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
