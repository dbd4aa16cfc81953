//! Nape's program.

fn main() {}
