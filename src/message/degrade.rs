//! Fits a message to what an adapter can show: one pure function, so that no adapter decides for itself what is lost or
//! who reads it.
//!
//! Its laws, held by the property tests beside it: nothing said is lost; nobody more reads it; attack mode stays quiet;
//! every part is short enough; and a part that is degraded again stays as it is.

use crate::message::capabilities::{Capabilities, PrivateMeans};
use crate::message::model::{Audience, Message};
use crate::message::pack::Pack;
use crate::message::part::{Delivery, Part};
use crate::message::{choices, fit};

/// Where a message is about to be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// Whether only the person and the bot can read the place.
    pub place_is_private: bool,
    /// Whether the message answers an event whose reply token can still be used.
    pub has_reply_token: bool,
}

/// The parts to send, in this order; none when the message says nothing.
///
/// A private message that can't be kept private here is withheld, and `instead` is given in its place: a line to everyone
/// that says how to get it. An `instead` that is private itself is withheld as well, and then nothing is said.
///
/// The numbers of choices run on through the parts; a later part that is degraded by itself starts at 1 again.
pub fn degrade(message: &Message, caps: &Capabilities, around: Surroundings, instead: &Message) -> Vec<Part> {
    match delivery(message.audience, caps.private, around) {
        Some(delivery) => parts(message, message.quiet, delivery, caps),
        None if instead.audience == Audience::Everyone => {
            parts(instead, instead.quiet || message.quiet, Delivery::Here, caps)
        }
        None => Vec::new(),
    }
}

/// How a message for `audience` reaches nobody else; `None` when it can't.
fn delivery(audience: Audience, means: PrivateMeans, around: Surroundings) -> Option<Delivery> {
    let Surroundings { place_is_private, has_reply_token } = around;
    match (audience, means) {
        (Audience::Everyone, _) | (Audience::Private, PrivateMeans::Always) => Some(Delivery::Here),
        (Audience::Private, _) if place_is_private => Some(Delivery::Here),
        (Audience::Private, PrivateMeans::Whisper) => has_reply_token.then_some(Delivery::Whisper),
        (Audience::Private, PrivateMeans::DirectOnly) => None,
    }
}

fn parts(message: &Message, quiet: bool, delivery: Delivery, caps: &Capabilities) -> Vec<Part> {
    let Message { blocks, choices, audience, quiet: _ } = message;
    let (shown, told) = choices::shown(choices, quiet, caps);
    let empty = Part { blocks: Vec::new(), choices: Vec::new(), audience: *audience, quiet, delivery };
    let mut pack = Pack::new(empty, caps);
    for block in fit::blocks(blocks, quiet, caps).into_iter().chain(told) {
        pack.block(block);
    }
    pack.choices(shown);
    pack.parts()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::capabilities::profiles::{BUTTONS, NUMBERS, REACTIONS};
    use crate::message::model::Block;

    const ALOUD: Surroundings = Surroundings { place_is_private: false, has_reply_token: false };
    const ANSWER: Surroundings = Surroundings { place_is_private: false, has_reply_token: true };
    const DIRECT: Surroundings = Surroundings { place_is_private: true, has_reply_token: false };

    #[test]
    fn a_private_message_is_kept_private_or_withheld() {
        let secret = Message::say("secret").private();
        let instead = Message::say("ask me in a direct conversation");
        for (caps, around, expected) in [
            (BUTTONS, ANSWER, Some(Delivery::Whisper)),
            (BUTTONS, ALOUD, None),
            (BUTTONS, DIRECT, Some(Delivery::Here)),
            (REACTIONS, ANSWER, None),
            (REACTIONS, ALOUD, None),
            (REACTIONS, DIRECT, Some(Delivery::Here)),
            (NUMBERS, ALOUD, Some(Delivery::Here)),
        ] {
            let parts = degrade(&secret, &caps, around, &instead);
            let [part] = parts.as_slice() else { panic!("{parts:?}") };
            match expected {
                Some(delivery) => {
                    assert_eq!((part.delivery, part.audience), (delivery, Audience::Private));
                    assert_eq!(part.blocks, secret.blocks);
                }
                None => assert_eq!((part.to_message(), part.delivery), (instead.clone(), Delivery::Here)),
            }
        }
    }

    #[test]
    fn what_is_said_instead_is_never_a_secret_itself_and_as_quiet() {
        let secret = Message::say("secret").private().quiet(true);
        assert!(degrade(&secret, &REACTIONS, ALOUD, &secret).is_empty());
        let parts = degrade(&secret, &REACTIONS, ALOUD, &Message::say("instead"));
        assert!(parts.iter().all(|part| part.quiet));
    }

    #[test]
    fn a_public_message_is_never_whispered() {
        let parts = degrade(&Message::say("hello"), &BUTTONS, ANSWER, &Message::new());
        assert_eq!(parts[0].delivery, Delivery::Here);
    }

    #[test]
    fn a_long_file_is_told_in_parts() {
        let content = "one line of it, and another. ".repeat(10_000);
        let message = Message::new().block(Block::File { name: "data.json".to_owned(), content });
        let parts = degrade(&message, &NUMBERS, ALOUD, &Message::new());
        assert!((73..=76).contains(&parts.len()), "{}", parts.len());
    }
}
