//! What a message says, whatever its kind: a text, a caption, an edit, a command that the sender's program has put together. Pure.

use std::collections::BTreeSet;

use matrix_sdk::ruma::OwnedEventId;
use matrix_sdk::ruma::events::room::MediaSource;
use serde_json::Value;

use crate::command::table::COMMANDS;

/// What a message says.
#[derive(Clone, Debug)]
pub(super) struct Spoken<'a> {
    /// Its text, as it stands there.
    pub body: &'a str,
    /// What belongs to that text: the message itself, or what an edit puts in its place.
    pub content: &'a Value,
    /// Whether it may be answered: an edit of what was answered, or what somebody says of themselves (`/me`), is not.
    pub is_asked: bool,
    /// The message that it corrects.
    pub corrects: Option<OwnedEventId>,
}

impl<'a> Spoken<'a> {
    /// What a message of a person says; nothing when it has no words, or is one of a bot's.
    pub fn of(content: &'a Value) -> Option<Self> {
        let relation = content.get("m.relates_to");
        let is_edit = relation.and_then(|relation| relation.get("rel_type")).is_some_and(|kind| kind == "m.replace");
        let target = relation.filter(|_| is_edit).and_then(|relation| relation.get("event_id")?.as_str());
        let content = if is_edit { content.get("m.new_content")? } else { content };
        let kind = content.get("msgtype")?.as_str()?;
        let body = content.get("body")?.as_str()?;
        let body = match kind {
            "m.text" | "m.emote" => body,
            // Without a name of its own a file's body is its name, and nobody's words.
            "m.file" | "m.image" | "m.video" | "m.audio" => {
                let name = content.get("filename")?.as_str()?;
                Some(body).filter(|body| *body != name)?
            }
            _ => return None,
        };
        let corrects = target.and_then(|id| OwnedEventId::try_from(id).ok());
        Some(Self { body, content, is_asked: !is_edit && kind != "m.emote", corrects })
    }

    /// Whether it says by itself that somebody is meant.
    pub fn mentions(&self, user: &str) -> bool {
        let named = self.content.pointer("/m.mentions/user_ids").and_then(Value::as_array);
        named.is_some_and(|users| users.iter().any(|named| named.as_str() == Some(user)))
    }
}

/// A command that the sender's program has put together (MSC4391), as a line; `names` are those by which the bot is called, the prefix
/// first. Where the text, which is what others read, has words beside it, these are somebody's own and come first: nothing then.
pub(super) fn command_block(content: &Value, body: &str, names: &[&str]) -> Option<String> {
    let block = content.get("org.matrix.msc4391.command")?;
    let command = block.get("command")?.as_str()?.trim();
    let command = names.first().and_then(|prefix| command.strip_prefix(prefix)).unwrap_or(command).trim();
    let arguments = block.get("arguments").and_then(Value::as_object).into_iter().flatten();
    let arguments: Vec<(&String, String)> = arguments
        .filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text.clone())),
            Value::Number(number) => Some((name, number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    let told = names.iter().copied().chain([command]);
    let told = told.chain(arguments.iter().map(|(_, text)| text.as_str()));
    // Names that stand in no manual are somebody's words like any others.
    let told = told.chain(arguments.iter().map(|(name, _)| name.as_str()).filter(|name| is_parameter(name)));
    let told: BTreeSet<String> = told.flat_map(words).collect();
    let says_more = words(body).any(|word| !told.contains(&word));
    let texts = arguments.into_iter().map(|(_, text)| text);
    (!says_more).then(|| std::iter::once(command.to_owned()).chain(texts).collect::<Vec<_>>().join(" "))
}

fn is_parameter(name: &str) -> bool {
    COMMANDS.iter().flat_map(|spec| spec.params).any(|param| param.name == name)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Where the file of a message lies, and how many bytes its sender says it has.
pub(super) fn file(content: &Value) -> Option<(MediaSource, Option<u64>)> {
    let is_file = content.get("msgtype")? == "m.file";
    let source = serde_json::from_value(content.clone()).ok().filter(|_| is_file)?;
    Some((source, content.pointer("/info/size").and_then(Value::as_u64)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(content: &Value) -> Option<(&str, bool)> {
        Spoken::of(content).map(|spoken| (spoken.body, spoken.is_asked))
    }

    #[test]
    fn texts_and_captions_are_said_and_names_of_files_are_not() {
        assert_eq!(said(&json!({ "msgtype": "m.text", "body": "hello" })), Some(("hello", true)));
        assert_eq!(said(&json!({ "msgtype": "m.emote", "body": "droops" })), Some(("droops", false)));
        assert_eq!(said(&json!({ "msgtype": "m.image", "body": "see", "filename": "a.png" })), Some(("see", true)));
        for nothing in [
            json!({ "msgtype": "m.image", "body": "a.png", "filename": "a.png" }),
            json!({ "msgtype": "m.file", "body": "a.toml" }),
            json!({ "msgtype": "m.notice", "body": "hello" }),
            json!({ "msgtype": "m.text", "body": 3 }),
            json!({}),
        ] {
            assert_eq!(said(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn an_edit_says_what_it_puts_in_place() {
        let edit = |new: &str| {
            json!({ "msgtype": "m.text", "body": "* it droops", "m.new_content": { "msgtype": new, "body": "it droops" },
                "m.relates_to": { "rel_type": "m.replace", "event_id": "$before" } })
        };
        let text = edit("m.text");
        assert_eq!(said(&text), Some(("it droops", false)));
        assert_eq!(Spoken::of(&text).unwrap().corrects.unwrap(), "$before");
        assert_eq!(said(&edit("m.notice")), None);
    }

    #[test]
    fn a_command_block_is_a_line() {
        let content = json!({
            "org.matrix.msc4391.command": { "command": "routine start", "arguments": { "minutes": 3, "x": true } },
        });
        let line = |content: &Value, body: &str| command_block(content, body, &["!nape", "@nape:b.org"]);
        assert_eq!(line(&content, "!nape routine start --minutes 3").as_deref(), Some("routine start 3"));
        assert_eq!(line(&content, "@nape:b.org: Routine start").as_deref(), Some("routine start 3"));
        assert_eq!(line(&content, "!nape routine start my face droops"), None, "that has to be read");
        let named =
            json!({ "org.matrix.msc4391.command": { "command": "help", "arguments": { "my face droops": "x" } } });
        assert_eq!(line(&named, "!nape help my face droops x"), None, "nor is it hidden in a name");
        assert_eq!(line(&json!({}), "x"), None);
        assert_eq!(line(&json!({ "org.matrix.msc4391.command": 1 }), "x"), None);
    }

    #[test]
    fn a_file_lies_where_its_message_says() {
        let plain = json!({ "msgtype": "m.file", "body": "a.toml", "url": "mxc://b/c", "info": { "size": 12 } });
        assert!(matches!(file(&plain), Some((MediaSource::Plain(_), Some(12)))));
        assert!(file(&json!({ "msgtype": "m.image", "body": "a.png", "url": "mxc://b/c" })).is_none());
        assert!(file(&json!({ "msgtype": "m.file", "body": "a.toml" })).is_none());
    }
}
