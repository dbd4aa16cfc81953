//! The store as those outside see it: both engines, the bytes on disk, and what a restart finds.

#[path = "store/folders.rs"]
mod folders;
#[path = "store/golden.rs"]
mod golden;
#[path = "store/model.rs"]
mod model;
#[path = "store/restart.rs"]
mod restart;
#[path = "store/rights.rs"]
mod rights;
#[path = "store/sample.rs"]
mod sample;
