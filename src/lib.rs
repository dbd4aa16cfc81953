//! Nape, a self-hosted companion for people with migraine: it answers questions about neck massage, leads through
//! self-massage step by step, and keeps each person's preferences. This page is the floor plan.
//!
//! # The idea
//!
//! The bot is a pure function: an event and the few records that it can touch go in, changes and messages come out. It
//! never waits, fails, reads a clock or knows a platform. The runtime loads, calls, commits, and only then sends; a lost
//! race is loaded and called again. Time is an input: a running routine has a due time in its record, and the runtime
//! feeds the event when it has come. What is said is a message free of any platform, which one pure function fits to
//! what an adapter can show. A command is one row of a table, a setting another; a button is a command line already typed.
//!
//! # The rooms, ground to roof
//!
//! | floor | room | what for | may import |
//! |---|---|---|---|
//! | 0 | [`base`] | time, ids, evidence grades | nothing of ours |
//! | 1 | [`message`] | what is said; fitting it to an adapter; writing it | base |
//! | 1 | [`encoder`] | a text to what it means, by a small network; optional at run time | base |
//! | 1 | [`locale`] | the bot's own sentences | base |
//! | 2 | [`command`] | commands, parsing | base |
//! | 2 | [`answer`] | finding the entry that answers, or knowing that none does | base, encoder |
//! | 2 | [`safety`] | the red-flag gate | base, encoder |
//! | 2 | [`routine`] | plans and running sessions | base |
//! | 2 | [`settings`] | settings, layers | base |
//! | 3 | [`content`] | files to library, or every problem at once | base, locale, answer, safety, routine |
//! | 3 | [`port`] | the bot's border: event, action, record | base, message, command, routine, safety, settings |
//! | 4 | [`bot`] | event and records to outcome | everything below |
//! | 4 | [`store`] | records that survive | base, port, routine, settings |
//! | 4 | [`adapter`] | platforms, a folder each | base, message, command, port |
//! | 5 | [`app`] | wiring: runtime, clock, configuration, commands of the program | everything |
//!
//! Engines (floor 2) never meet and never write a sentence. `tests/architecture.rs` holds the table.
//!
//! # Walks
//!
//! A question: `adapter/terminal` → `app/runtime` (load) → `bot` (`encoder`; the gate in `bot/alarm`, before anything
//! else) → `bot/ask` → `answer` → `locale/phrases` → `app/runtime` (commit) → `app/outbox` → `message/degrade` → the adapter.
//!
//! A step's time is up: `store` (due) → `app/runtime` → `bot/guide` → `routine/session` → `app/runtime` (commit) →
//! `app/outbox` → `message/degrade` → the adapter.
//!
//! A button on Discord: `adapter/discord/gateway` → `inbound` (is it theirs? `press`) → `app/runtime` → `bot` → `app/outbox` → `outbound`.
//! Commands are sent to Discord when they differ from what it has, which needs no hash to be kept and mends what somebody deleted.
//!
//! Whoever looks from outside: adapters (`Pulse`), `app/watch`, `app/timer` and `app/work` → `app/health` and `app/metrics` → `app/web`.
//!
//! Somebody changes a preference: the adapter → `app/runtime` → `bot/profile` → `settings/table` → `app/runtime` → out.
//!
//! An admin applies a file: the adapter (its text, as an argument) → `app/limits` → `app/work` (load) → `bot` (the gate; `bot/access`) →
//! `bot/administer` (may they?) → `settings/file` → `app/runtime` (settings and their log in one commit) → out.

pub mod adapter;
pub mod answer;
pub mod app;
pub mod base;
pub mod bot;
pub mod command;
pub mod content;
pub mod encoder;
pub mod locale;
pub mod message;
pub mod port;
pub mod routine;
pub mod safety;
pub mod settings;
pub mod store;
