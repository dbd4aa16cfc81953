//! What the proofs share: arguments, numbers drawn from a seed, and how a result is told.

use std::process::ExitCode;

/// How often, and from which seed: `cargo test --test NAME -- 1000 seed=7`.
pub struct Asked {
    pub count: u64,
    pub seed: u64,
}

/// The arguments; `None` when the tests are only to be listed.
pub fn asked(count: u64) -> Option<Asked> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--list") {
        return None;
    }
    let number = arguments.iter().find_map(|argument| argument.parse().ok());
    let seed = arguments.iter().find_map(|argument| argument.strip_prefix("seed=")?.parse().ok());
    Some(Asked { count: number.unwrap_or(count), seed: seed.unwrap_or(1) })
}

/// Tells the result, as every proof does: what was counted, then how many passed.
#[expect(clippy::print_stdout, reason = "a test without harness tells its own result")]
pub fn tell(counted: &str, passed: u64, failures: &[String]) -> ExitCode {
    for failure in failures {
        println!("{failure}");
    }
    println!("{counted}");
    println!("{passed} passed, {} failed", failures.len());
    ExitCode::from(u8::from(!failures.is_empty() || passed == 0))
}

/// SplitMix64: the same numbers from the same seed, everywhere.
pub struct Draw(pub u64);

impl Draw {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}
