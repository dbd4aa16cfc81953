//! Discord, on loopback. First the loopback itself and what proves it honest: its own life, the rules that it holds requests
//! to, and a foreign library. Then the adapter alone on it, with a runtime that the test plays: limits, patience, connections. Then
//! the real program: what members and admins do, routines, and all that goes wrong.

mod fake;

mod faults;
mod foreign;
mod gateway;
mod honest;
mod lints;
mod people;
mod permissions;
mod rest;

mod alone;
mod connection;
mod limits;
mod patience;
mod tls;

mod admins;
mod members;
mod nape;
mod ready;
mod routines;
mod staying_up;
