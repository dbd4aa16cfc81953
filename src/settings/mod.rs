//! Floor 2: settings. One table of rows; who may set each; which layer a value comes from.

pub mod file;
pub mod resolve;
pub mod table;
pub mod value;
