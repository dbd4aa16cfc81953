//! Floor 3: the border of the bot. What comes in ([`event`]), what goes out ([`action`]), what is stored ([`record`],
//! [`person`], [`audit`]).
//!
//! Adapters, stores and the runtime know the bot by these files and nothing else.

pub mod action;
pub mod audit;
pub mod event;
pub mod person;
pub mod record;
