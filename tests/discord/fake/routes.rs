//! Which requests the fake answers, by the OpenAPI's own templates.

use super::call::{Answer, Call};
use super::state::State;
use super::{application, callbacks, channels, guilds, messages, threads, webhooks};

/// A request that the fake answers.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    /// The path as it stands in the OpenAPI.
    pub template: &'static str,
    /// Whether the token in the path is enough.
    pub open: bool,
    pub handle: fn(&mut State, &Call) -> Answer,
}

const fn route(method: &'static str, template: &'static str, handle: fn(&mut State, &Call) -> Answer) -> Route {
    Route { method, template, open: false, handle }
}

const fn open(method: &'static str, template: &'static str, handle: fn(&mut State, &Call) -> Answer) -> Route {
    Route { method, template, open: true, handle }
}

const COMMANDS: &str = "/applications/{application_id}/commands";
const GUILD_COMMANDS: &str = "/applications/{application_id}/guilds/{guild_id}/commands";
const ORIGINAL: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
const FOLLOWUP: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
const CHANNEL: &str = "/channels/{channel_id}";
const MESSAGES: &str = "/channels/{channel_id}/messages";
const MESSAGE: &str = "/channels/{channel_id}/messages/{message_id}";

/// Paths with a literal stand before those with an id in the same place.
pub const ROUTES: &[Route] = &[
    open("GET", "/gateway", application::gateway),
    route("GET", "/gateway/bot", application::gateway_bot),
    route("GET", "/users/@me", application::me),
    route("GET", "/applications/@me", application::application),
    route("GET", "/oauth2/applications/@me", application::application),
    route("GET", COMMANDS, application::commands),
    route("PUT", COMMANDS, application::set_commands),
    route("GET", GUILD_COMMANDS, application::guild_commands),
    route("PUT", GUILD_COMMANDS, application::set_guild_commands),
    open("POST", "/interactions/{interaction_id}/{interaction_token}/callback", callbacks::create),
    open("POST", "/webhooks/{webhook_id}/{webhook_token}", webhooks::follow_up),
    open("GET", ORIGINAL, webhooks::get),
    open("PATCH", ORIGINAL, webhooks::edit),
    open("DELETE", ORIGINAL, webhooks::delete),
    open("GET", FOLLOWUP, webhooks::get),
    open("PATCH", FOLLOWUP, webhooks::edit),
    open("DELETE", FOLLOWUP, webhooks::delete),
    route("GET", CHANNEL, channels::get),
    route("PATCH", CHANNEL, channels::edit),
    route("DELETE", CHANNEL, channels::delete),
    route("GET", MESSAGES, messages::list),
    route("POST", MESSAGES, messages::create),
    route("GET", MESSAGE, messages::get),
    route("PATCH", MESSAGE, messages::edit),
    route("DELETE", MESSAGE, messages::delete),
    route("POST", "/channels/{channel_id}/messages/{message_id}/threads", threads::create_from_message),
    route("POST", "/channels/{channel_id}/threads", threads::create),
    route("PUT", "/channels/{channel_id}/thread-members/@me", threads::join),
    route("DELETE", "/channels/{channel_id}/thread-members/@me", threads::leave),
    route("PUT", "/channels/{channel_id}/thread-members/{user_id}", threads::add),
    route("DELETE", "/channels/{channel_id}/thread-members/{user_id}", threads::remove),
    route("POST", "/channels/{channel_id}/typing", channels::typing),
    route("POST", "/users/@me/channels", channels::open_direct),
    route("GET", "/guilds/{guild_id}", guilds::get),
    route("GET", "/guilds/{guild_id}/roles", guilds::roles),
    route("GET", "/guilds/{guild_id}/channels", guilds::channels),
    route("GET", "/guilds/{guild_id}/members/{user_id}", guilds::member),
];

/// The route of a path, and what stands where its braces are.
pub fn find(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    let path = path.strip_prefix("/api/v10")?;
    ROUTES.iter().filter(|route| route.method == method).find_map(|route| Some((route, parts(route.template, path)?)))
}

fn parts(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut parts = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parts),
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => parts.push(given.to_owned()),
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}
