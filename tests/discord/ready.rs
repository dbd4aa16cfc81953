//! Ready means that somebody in Discord could be served: not while Discord is gone or says nothing, and again when it is back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nape::adapter::{Call, Pulse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::alone::Alone;
use crate::fake::Fake;
use crate::nape::Nape;

/// What it promises.
const PROMISED: Duration = Duration::from_secs(60);
/// How often a page is asked for.
const LOOK: Duration = Duration::from_millis(50);
/// Discord's own pace.
const HEARTBEAT: Duration = Duration::from_millis(41_250);

/// Counts what an adapter says about itself.
#[derive(Debug, Default)]
pub struct Counted {
    heard: AtomicUsize,
    lost: AtomicUsize,
}

impl Counted {
    /// How often the platform was heard from.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::SeqCst)
    }

    /// How often it was lost.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Pulse for Counted {
    fn heard(&self) {
        self.heard.fetch_add(1, Ordering::SeqCst);
    }

    fn lost(&self) {
        self.lost.fetch_add(1, Ordering::SeqCst);
    }

    fn called(&self, _: Call) {}
}

#[tokio::test]
async fn while_discord_is_gone_it_is_not_ready_and_ready_again_after() {
    let fake = Fake::start().await;
    let discord = fake.url().trim_start_matches("http://").to_owned();
    let health = free().await;
    let nape = Nape::begin(&fake, &format!("[health]\nlisten = \"{health}\""));
    nape.listens(&fake).await;
    until(health, "/readyz", "ready").await;
    until(health, "/metrics", "nape_platform_up{platform=\"discord\"} 1").await;
    // The listener goes first, so that what reconnects finds nobody.
    fake.stop_listening().await;
    fake.drop_socket(0);
    until(health, "/readyz", "discord is not connected").await;
    until(health, "/livez", "alive").await;
    drop(fake);
    let back = Fake::start_at(&discord).await;
    until(health, "/readyz", "ready\n").await;
    back.until(|state| state.gateway.connected().next().map(|_| ())).await;
    drop(nape);
}

#[tokio::test]
async fn a_connection_on_which_nothing_comes_is_no_sign_of_life() {
    let fake = Fake::start().await;
    fake.guild("spine");
    let alone = Alone::start(&fake).await;
    alone.settles(&fake).await;
    let greeted = alone.pulse.heard();
    assert!(greeted > 0, "READY is a sign of life");
    alone.time.go_on(HEARTBEAT);
    fake.until(|state| (state.gateway.heartbeats.len() == 1).then_some(())).await;
    alone.settles(&fake).await;
    let answered = alone.pulse.heard();
    assert!(answered > greeted, "and so is each answer to a heartbeat");
    fake.change(|state| state.gateway.acknowledges = false);
    let lost = alone.pulse.lost();
    alone.time.go_on(HEARTBEAT);
    fake.until(|state| (state.gateway.heartbeats.len() == 2).then_some(())).await;
    alone.settles(&fake).await;
    assert_eq!(alone.pulse.heard(), answered, "nothing has come since");
    alone.time.go_on(HEARTBEAT);
    fake.until(|state| (state.gateway.resumes.len() == 1).then_some(())).await;
    alone.settles(&fake).await;
    assert!(alone.pulse.lost() > lost && alone.pulse.heard() > answered, "lost, and heard from again");
}

/// TLS needs to know whose arithmetic it is to use: two libraries bring one each, and a program that hasn't chosen panics here.
#[tokio::test]
async fn a_gateway_behind_tls_is_spoken_to() {
    let fake = Fake::start().await;
    let door = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = door.local_addr().expect("it is bound");
    fake.change(|state| state.gateway.url = format!("wss://{address}"));
    let nape = Nape::begin(&fake, "");
    let (mut stream, _) = timeout(PROMISED, door.accept()).await.expect("it connects").expect("a socket of ours");
    let mut first = [0; 3];
    timeout(PROMISED, stream.read_exact(&mut first)).await.expect("it speaks first").expect("it speaks");
    assert_eq!(first[..2], [0x16, 0x03], "a handshake of TLS begins so");
    drop(stream);
    let again = timeout(PROMISED, door.accept()).await;
    assert!(again.is_ok(), "what is closed is tried again");
    assert!(!nape.log().contains("panicked"), "{}", nape.log());
}

/// Waits until a page says this.
async fn until(health: SocketAddr, page: &str, words: &str) {
    let mut last = String::new();
    // Whoever watches from outside can only ask again.
    let mut looks = tokio::time::interval(LOOK);
    let asked = async {
        loop {
            looks.tick().await;
            last = get(health, page).await.unwrap_or_else(|error| error.to_string());
            if last.contains(words) {
                return;
            }
        }
    };
    let found = timeout(PROMISED, asked).await.is_ok();
    assert!(found, "{page} does not say {words}, but:\n{last}");
}

async fn get(health: SocketAddr, page: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(health).await?;
    stream.write_all(format!("GET {page} HTTP/1.1\r\nHost: nape\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(answer))
}

/// An address that nobody listens on.
async fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("it is bound")
}
