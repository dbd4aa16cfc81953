//! What a message's text says to the bot, and whether it is meant for it. Pure.

use matrix_sdk::ruma::UserId;

/// A message's text as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// The plain body.
    pub body: &'a str,
    /// Whether it is a reply, whose body may begin with what it answers.
    pub is_reply: bool,
    /// Whether it says by itself that the bot is meant.
    pub mentions: bool,
}

/// What the bot listens to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ear<'a> {
    /// The bot's account.
    pub me: &'a UserId,
    /// Its name in the room.
    pub name: Option<&'a str>,
    /// What goes before a command.
    pub prefix: &'a str,
    /// Whether nobody else can be meant.
    pub is_direct: bool,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// The text without prefix, mention and quotation.
    pub text: String,
    /// Whether it was meant for the bot.
    pub addressed: bool,
}

/// Takes off what is not the message itself.
pub(super) fn hear(message: Message<'_>, ear: Ear<'_>) -> Heard {
    let body = if message.is_reply { without_quotation(message.body) } else { message.body }.trim();
    if let Some(rest) = after_prefix(body, ear.prefix) {
        return Heard { text: rest.trim().to_owned(), addressed: true };
    }
    let me = ear.me.as_str();
    let names = [Some(me), Some(ear.me.localpart()), ear.name].into_iter().flatten().filter(|name| !name.is_empty());
    let called = names.filter_map(|name| after_call(body, name, message.mentions)).min_by_key(|rest| rest.len());
    match called {
        Some(rest) => Heard { text: rest.trim().to_owned(), addressed: true },
        None => Heard { text: body.to_owned(), addressed: ear.is_direct || message.mentions },
    }
}

/// The text after a name at its start: `Nape: …`, `@nape:example.org, …`, and the bare name when the message says who is meant.
fn after_call<'a>(body: &'a str, name: &str, mentions: bool) -> Option<&'a str> {
    let body = body.strip_prefix('@').filter(|_| !name.starts_with('@')).unwrap_or(body);
    let rest = after(body, name)?;
    match rest.strip_prefix([':', ',']) {
        Some(rest) => Some(rest),
        None if mentions && (rest.is_empty() || rest.starts_with(char::is_whitespace)) => Some(rest),
        None => None,
    }
}

/// The text after the prefix. A word ends with a blank; a sign ends by itself.
fn after_prefix<'a>(body: &'a str, prefix: &str) -> Option<&'a str> {
    let is_sign = prefix.ends_with(|last: char| last.is_ascii_punctuation());
    let rest = after(body, prefix).filter(|_| !prefix.is_empty())?;
    (is_sign || rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some(rest)
}

/// What follows a beginning, whatever its case.
fn after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in start.chars() {
        let found = rest.next()?;
        if !found.to_lowercase().eq(wanted.to_lowercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}

/// Older programs put what a reply answers before it, each line after a `>`, then an empty line.
fn without_quotation(body: &str) -> &str {
    if !body.starts_with("> ") {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.strip_prefix('\n').unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::user_id;

    use super::*;

    fn heard(body: &str, is_reply: bool, mentions: bool, is_direct: bool) -> (String, bool) {
        let (me, name) = (user_id!("@nape-bot:example.org"), Some("Nape the bot"));
        let ear = Ear { me, name, prefix: "!nape", is_direct };
        let Heard { text, addressed } = hear(Message { body, is_reply, mentions }, ear);
        (text, addressed)
    }

    #[test]
    fn a_prefix_a_name_and_a_mention_call_the_bot() {
        for (body, mentions, text, addressed) in [
            ("!nape ask does it help", false, "ask does it help", true),
            ("!NAPE\thelp", false, "help", true),
            ("!nape", false, "", true),
            ("!napes", false, "!napes", false),
            ("Nape the bot: ask x", false, "ask x", true),
            ("nape-bot, stop", false, "stop", true),
            ("@nape-bot:example.org: stop", false, "stop", true),
            ("@nape-bot stop", true, "stop", true),
            ("Nape the bot stop", true, "stop", true),
            ("Nape the bot stop", false, "Nape the bot stop", false),
            ("Nape the bot's song", true, "Nape the bot's song", true),
            ("what does Nape the bot say", true, "what does Nape the bot say", true),
            ("my neck hurts", false, "my neck hurts", false),
        ] {
            assert_eq!(heard(body, false, mentions, false), (text.to_owned(), addressed), "{body}");
        }
    }

    #[test]
    fn a_prefix_may_be_a_word_or_a_sign() {
        for (prefix, body, rest) in [
            ("!neck", "!neck help", Some("help")),
            ("!neck", "!Neck", Some("")),
            ("!neck", "!necklace", None),
            ("!neck", "!nape help", None),
            ("!", "!help", Some("help")),
            ("..", "..help", Some("help")),
            ("..", ". help", None),
            ("", "help", None),
        ] {
            assert_eq!(after_prefix(body, prefix).map(str::trim), rest, "{prefix} {body}");
        }
    }

    #[test]
    fn nobody_else_is_meant_in_a_direct_room() {
        assert_eq!(heard("does it help", false, false, true), ("does it help".to_owned(), true));
        assert_eq!(heard("!nape help", false, false, true), ("help".to_owned(), true));
    }

    #[test]
    fn what_a_reply_quotes_is_not_said_again() {
        let body = "> <@nape:example.org> Is it sudden?\n> Tell me\n\nno";
        assert_eq!(heard(body, true, false, true).0, "no");
        assert_eq!(heard("> not a reply", false, false, true).0, "> not a reply");
        assert_eq!(heard("> only a quotation", true, false, true).0, "");
    }

    #[test]
    fn any_text_is_heard_without_panic() {
        for body in ["", "İ", "ﬁ", "@", "!nap", "!NAPé", "\u{0}", ">", "> \n>"] {
            heard(body, true, true, false);
        }
    }
}
