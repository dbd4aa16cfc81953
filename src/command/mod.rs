//! Floor 2: commands, said once as data. Parsing, help, slash menus and the access check are derived from [`table::COMMANDS`].

pub mod manual;
pub mod parse;
pub mod table;
