//! Discord, on loopback. First the loopback itself and what proves it honest: its own life, the rules that it holds requests
//! to, and a foreign library. Then the real program on it: what members and admins do, routines, and all that goes wrong.

mod fake;

mod faults;
mod foreign;
mod gateway;
mod honest;
mod lints;
mod people;
mod permissions;
mod rest;

mod admins;
mod members;
mod nape;
mod routines;
mod staying_up;
