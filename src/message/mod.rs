//! Floor 1: what is to be said, free of any platform.
//!
//! The bot writes a [`model::Message`]; [`degrade::degrade`] fits it to what an adapter can show
//! ([`capabilities::Capabilities`]) and gives [`part::Part`]s; the writers turn a part into text. Nothing is lost on the
//! way, and the audience may get smaller but never larger.
//!
//! Every writer passes text through [`clean::tidy`] and escapes what its markup would act on, so text of people and of
//! content can't become markup, a mention or a terminal's command.

#[cfg(test)]
pub mod arbitrary;
pub mod capabilities;
mod choices;
pub mod clean;
pub mod degrade;
mod fit;
pub mod html;
#[cfg(test)]
mod laws;
pub mod markdown;
pub mod model;
mod pack;
pub mod part;
pub mod plain;
mod split;
