//! Discord: commands, buttons, lists and forms, in servers and direct conversations. It reads no messages and asks for no
//! privileged intent.
//!
//! It must never widen an audience, ping anybody, edit by a timer, or go on asking when Discord has said no.
//!
//! What happens comes by [`gateway`] to [`inbound`] and [`guilds`], and goes on as events; deliveries come to [`outbound`]. Requests,
//! and what they bring back, are the library's (serenity); the connection is our own, for the reasons that stand there.

mod attached;
mod cards;
mod channels;
mod completion;
mod components;
mod forbidden;
mod form;
mod gateway;
mod guilds;
mod inbound;
mod interactions;
mod limits;
mod outbound;
mod place;
mod press;
mod refused;
mod register;
mod rights;

use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serenity::http::{Http, HttpBuilder};
use serenity::model::id::{ApplicationId, GuildId};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::adapter::{Failure, Incoming, Link, Names, Profile, Pulse, Time};
use crate::base::id::{ServerId, UserId};
use crate::command::manual::{LeadsTo, Menu};
use crate::command::table::Command;
use crate::message::capabilities::{Capabilities, Choices, Countdown, Markup, PrivateMeans};

use cards::Cards;
use forbidden::Forbidden;
use guilds::Guilds;
use interactions::Interactions;
use limits::Tally;
use press::Signer;
use refused::{Refused, what_was_said};

pub use place::PLATFORM;

/// How long closing may take: shards say goodbye, and what is under way is sent.
const CLOSING: Duration = Duration::from_secs(4);

/// What Discord can show.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    choices: Choices::Buttons { max: 25, label_chars: 80 },
    private: PrivateMeans::Whisper,
    markup: Markup::Markdown,
    max_chars: 2000,
    countdown: Countdown::Drawn { open: "<t:", close: ":R>" },
    files: true,
    links: true,
    edits: true,
};

/// How Discord is reached, and what people can pick there.
pub struct Settings {
    /// The bot's token.
    pub token: SecretString,
    /// The application's id; Discord is asked when this is `None`.
    pub application_id: Option<u64>,
    /// The only guild with commands.
    pub guild: Option<u64>,
    /// Where the API is reached, when not at its usual place. Then nothing goes to that.
    pub api_url: Option<String>,
    /// How many shards; as many as Discord recommends when this is `None`.
    pub shards: Option<u32>,
    /// The commands.
    pub menus: Vec<Menu>,
    /// What can be completed.
    pub names: Names,
    /// Those who run the program: they may look at every guild's settings.
    pub operators: BTreeSet<UserId>,
}

/// The adapter.
pub struct Discord {
    settings: Arc<Settings>,
    time: Arc<dyn Time>,
    http: Arc<Http>,
    /// Outlives a connection, as Discord's own count does.
    tally: Arc<Mutex<Tally>>,
}

/// What everything that goes on at the same time shares.
struct Shared {
    settings: Arc<Settings>,
    time: Arc<dyn Time>,
    http: Arc<Http>,
    application: ApplicationId,
    events: mpsc::Sender<Incoming>,
    pulse: Arc<dyn Pulse>,
    signer: Signer,
    interactions: Interactions,
    cards: Cards,
    tally: Arc<Mutex<Tally>>,
    forbidden: Forbidden,
    guilds: Guilds,
    /// Interactions that could not be read.
    unread: AtomicU64,
    /// Discord has said that the token is not the bot's.
    token_refused: Notify,
}

/// What the runtime has to know.
pub fn profile() -> Profile {
    Profile { platform: place::platform(), capabilities: CAPABILITIES }
}

impl Settings {
    /// What to put into a field of a command, in the words of the manual.
    fn about(&self, command: Command, field: &str) -> Option<&str> {
        let entries = self.menus.iter().flat_map(|menu| match &menu.leads_to {
            LeadsTo::Command(entry) => vec![entry],
            LeadsTo::Group(entries) => entries.iter().map(|(_, entry)| entry).collect(),
        });
        let fields = entries.filter(|entry| entry.command == command).flat_map(|entry| &entry.fields);
        fields.filter(|own| own.name == field).map(|own| own.about.as_str()).next()
    }
}

impl Discord {
    /// The adapter, as the settings have it.
    pub fn new(mut settings: Settings, time: Arc<dyn Time>) -> Self {
        settings.api_url = settings.api_url.filter(|url| !gateway::is_discords(url));
        let builder = HttpBuilder::new(settings.token.expose_secret());
        let http = match &settings.api_url {
            // The library's own limiter knows only the way to Discord itself, and would go there. Where the API is reached
            // by another way, that keeps the limits; what it refuses for now waits in the outbox.
            Some(url) => builder.proxy(url).ratelimiter_disabled(true).build(),
            None => builder.build(),
        };
        Self::with_http(settings, time, http)
    }

    /// The same with requests made in another way.
    pub fn with_http(settings: Settings, time: Arc<dyn Time>, mut http: Http) -> Self {
        let tally = Arc::default();
        limits::listen(&mut http, &tally, &time);
        Self { settings: Arc::new(settings), time, http: Arc::new(http), tally }
    }

    /// Runs until it is told to stop.
    ///
    /// # Errors
    /// [`Failure::Final`] when Discord refuses the token or what it was asked for; else it may go better next time.
    pub async fn run(&self, link: Link) -> Result<(), Failure> {
        // Commands are Discord's own here.
        let Link { events, mut deliveries, mut stop, prefixes: _, servers, pulse } = link;
        let shared = tokio::select! {
            shared = self.connect(events, servers, pulse) => Arc::new(shared?),
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        let (close, closed) = watch::channel(false);
        let gateway = gateway::run(shared.clone(), closed);
        tokio::pin!(gateway);
        let (mut under_way, mut is_up) = (JoinSet::new(), true);
        let result = loop {
            tokio::select! {
                ended = &mut gateway => {
                    is_up = false;
                    break ended;
                }
                () = shared.token_refused.notified() => break Err(token_refused()),
                delivery = deliveries.recv() => match delivery {
                    Some(delivery) => drop(under_way.spawn(shared.clone().carry_out(delivery))),
                    None => break Ok(()),
                },
                Some(_) = under_way.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => break Ok(()),
            }
        };
        close.send_replace(true);
        let rest = async {
            if is_up {
                // Why it ends is known already.
                let _ = gateway.await;
            }
            while under_way.join_next().await.is_some() {}
        };
        tokio::select! {
            () = rest => {}
            () = self.time.wait(CLOSING) => tracing::warn!("Discord did not let go in time"),
        }
        result
    }

    /// Asks who the bot is, the first word to Discord, which tells whether the token is good; and sees to the commands.
    async fn connect(
        &self,
        events: mpsc::Sender<Incoming>,
        servers: Vec<ServerId>,
        pulse: Arc<dyn Pulse>,
    ) -> Result<Shared, Failure> {
        let application = match self.settings.application_id {
            Some(id) => ApplicationId::new(id),
            None => self.http.get_current_application_info().await.map_err(|error| failure(&error))?.id,
        };
        self.http.set_application_id(application);
        tracing::info!(
            invite = rights::usual_invite(application),
            "whoever manages a server lets the bot in by this link"
        );
        let shared = Shared {
            settings: self.settings.clone(),
            time: self.time.clone(),
            http: self.http.clone(),
            application,
            events,
            pulse,
            signer: Signer::new(&self.settings.token),
            interactions: Interactions::default(),
            cards: Cards::default(),
            tally: self.tally.clone(),
            forbidden: Forbidden::default(),
            guilds: Guilds::new(servers),
            unread: AtomicU64::default(),
            token_refused: Notify::new(),
        };
        shared.see_to_commands().await?;
        Ok(shared)
    }
}

impl Shared {
    /// Registers the commands. Without that the old ones go on working: only a refused token is a reason to end.
    async fn see_to_commands(&self) -> Result<(), Failure> {
        let guild = self.settings.guild.map(GuildId::new);
        match register::register(&self.http, &self.settings.menus, guild).await {
            Ok(register::Registered::Anew) => tracing::info!("the commands are registered"),
            Ok(register::Registered::AsBefore) => tracing::debug!("the commands are there already"),
            Err(error) if Refused::of(&error) == Refused::Token => return Err(token_refused()),
            Err(error) => tracing::error!(why = what_was_said(&error), "the commands could not be registered"),
        }
        Ok(())
    }
}

fn failure(error: &serenity::Error) -> Failure {
    match Refused::of(error) {
        Refused::Token => token_refused(),
        _ => Failure::Passing(format!("Discord can't be reached: {}", what_was_said(error))),
    }
}

fn token_refused() -> Failure {
    Failure::Final(
        "Discord refuses the token: make a new one under \"Bot\" in the developer portal, put it into the file that \
         discord.token_file names, and start again"
            .to_owned(),
    )
}
