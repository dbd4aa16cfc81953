//! Matrix, with a real homeserver, networks that fail, and people whose clients are built on other libraries than the bot's.
//! First they themselves, among each other. Then the real program with them: what people do, routines, rooms, keys, and all
//! that goes wrong.
//!
//! Synapse, matrix-nio, matrix-js-sdk and Node are installed once, from PyPI and npm, by `tests/matrix/install`.

mod homeserver;
mod nape;
mod people;
mod person;
mod proxy;
mod tools;

mod crashes;
mod doctor;
mod faults;
mod keys;
mod limits;
mod rooms;
mod routines;
mod talking;
