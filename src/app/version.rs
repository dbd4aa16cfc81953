//! Which version this is. `.ci/build.rs` writes commit and date into release builds, without reaching out.

/// The commit that it was built from; `unknown` in builds for development.
pub const COMMIT: &str = env!("BUILD_COMMIT");

/// As `nape --version` says it: version, commit, and the day of the commit or of SOURCE_DATE_EPOCH.
pub const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (commit ", env!("BUILD_COMMIT"), ", ", env!("BUILD_DATE"), ")");
