//! The text of a file that somebody has attached to a command.
//!
//! It is fetched from where Discord keeps such files and from nowhere else, whatever address stands in the event.

use std::time::Duration;

use serenity::model::channel::Attachment;

use super::Shared;

/// Hosts that keep attachments.
const HOSTS: [&str; 2] = ["https://cdn.discordapp.com/", "https://media.discordapp.net/"];
/// The most bytes that are fetched: more than any command takes.
const LARGEST: u32 = 256 * 1024;
/// How long fetching may take: Discord waits three seconds for a first sign.
const PATIENCE: Duration = Duration::from_secs(2);

impl Shared {
    /// The text; nothing when it is too large, no text, or can't be had in time.
    pub(super) async fn attached(&self, file: Option<&Attachment>) -> Option<String> {
        let file = file.filter(|file| file.size <= LARGEST && self.keeps(&file.url))?;
        tokio::select! {
            bytes = file.download() => String::from_utf8(bytes.ok()?).ok(),
            () = self.time.wait(PATIENCE) => None,
        }
    }

    /// Whether Discord, or what stands in its place, keeps a file at this address.
    fn keeps(&self, url: &str) -> bool {
        is_kept(url, self.settings.api_url.as_deref())
    }
}

fn is_kept(url: &str, instead: Option<&str>) -> bool {
    match instead {
        Some(base) => url.strip_prefix(base).is_some_and(|rest| rest.starts_with('/')),
        None => HOSTS.iter().any(|host| url.starts_with(host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        assert!(is_kept("https://cdn.discordapp.com/ephemeral-attachments/1/2/s.toml?ex=1", None));
        for url in [
            "http://cdn.discordapp.com/a",
            "https://cdn.discordapp.com.example.org/a",
            "https://cdn.discordapp.com@example.org/a",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is_kept(url, None), "{url}");
        }
        assert!(is_kept("http://127.0.0.1:1/cdn/2/s.toml", Some("http://127.0.0.1:1")));
        assert!(!is_kept("http://127.0.0.1:12/cdn", Some("http://127.0.0.1:1")));
        assert!(!is_kept("https://cdn.discordapp.com/a", Some("http://127.0.0.1:1")));
    }
}
