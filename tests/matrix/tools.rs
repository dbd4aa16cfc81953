//! What is installed from PyPI and npm, and programs that never outlive a test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// How long anything may take that has to happen: a busy machine is slow, and a test that fails has time.
pub const LONG: Duration = Duration::from_secs(120);

/// The folder that `tests/matrix/install` has filled.
pub fn installed() -> &'static Path {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    PLACE.get_or_init(|| {
        let done = Command::new(here().join("install")).stderr(Stdio::inherit()).output().expect("bash is there");
        assert!(done.status.success(), "tests/matrix/install failed; it said why");
        PathBuf::from(String::from_utf8(done.stdout).expect("a path of ours").trim())
    })
}

/// The folder of these tests.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix")
}

/// A Python that has Synapse and matrix-nio.
pub fn python() -> Command {
    Command::new(installed().join("bin/python"))
}

/// A program that ends with its owner, also when a test panics.
pub struct Program(pub Child);

impl Program {
    /// Kills it, as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder for its owner alone.
pub fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let mine = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mine).tempdir().expect("a folder for the test")
}

/// Whether large runs were asked for, by `NAPE_MATRIX_WHOLE=1`.
pub fn is_whole() -> bool {
    #[expect(clippy::disallowed_methods, reason = "how a large run is asked for by hand")]
    std::env::var("NAPE_MATRIX_WHOLE").is_ok_and(|value| value == "1")
}
