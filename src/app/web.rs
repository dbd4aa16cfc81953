//! `/livez`, `/readyz` and `/metrics`, by default for this machine alone: numbers and reasons, never an id or a text.
//!
//! Also the other end of it: `nape health`, for containers without a shell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app::exit::{Code, Exit};
use crate::app::health::Vitals;
use crate::store::Store;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// What the pages are made from.
#[derive(Clone)]
struct Asked {
    vitals: Vitals,
    store: Arc<dyn Store>,
}

/// Takes the address.
///
/// # Errors
/// When it is taken already, or not this machine's.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Exit> {
    TcpListener::bind(address).await.map_err(|error| {
        let line = format!(
            "health.listen: {address} can't be listened on ({error}); give another address, or take the key away"
        );
        Exit::new(Code::Config, line)
    })
}

/// Answers for as long as the program runs.
pub async fn serve(listener: TcpListener, vitals: Vitals, store: Arc<dyn Store>) {
    let pages = Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Asked { vitals, store });
    if let Err(error) = axum::serve(listener, pages).await {
        tracing::error!(%error, "health and metrics are no longer served");
    }
}

/// Asks a running program whether it is ready.
///
/// # Errors
/// 69 with its reasons when it isn't, or when nobody answers.
pub async fn ask(address: SocketAddr) -> Result<String, Exit> {
    let address = reachable(address);
    let unavailable = |why: String| Exit::new(Code::Unavailable, why);
    match tokio::time::timeout(PATIENCE, fetch(address)).await {
        Ok(Ok((true, body))) => Ok(body),
        Ok(Ok((false, body))) => Err(Exit::all(Code::Unavailable, body.lines())),
        Ok(Err(error)) => {
            Err(unavailable(format!("{address} does not answer ({error}); does nape run, with health.listen?")))
        }
        Err(_) => Err(unavailable(format!("{address} gave no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn live(State(asked): State<Asked>) -> impl IntoResponse {
    if asked.vitals.health.turns() {
        (StatusCode::OK, "alive\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "nothing has turned for a while\n")
    }
}

async fn ready(State(asked): State<Asked>) -> impl IntoResponse {
    let reasons = asked.reasons();
    if reasons.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", reasons.join("\n")))
}

async fn metrics(State(asked): State<Asked>) -> impl IntoResponse {
    let Vitals { health, metrics } = &asked.vitals;
    metrics.is_ready(asked.reasons().is_empty());
    for (platform, up) in health.platforms() {
        metrics.is_up(&platform, up);
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], metrics.text())
}

impl Asked {
    /// Why somebody could not be served.
    fn reasons(&self) -> Vec<String> {
        match self.store.next_due() {
            Ok(next) => self.vitals.health.reasons(next).iter().map(ToString::to_string).collect(),
            Err(error) => vec![format!("the store can't be read: {error}")],
        }
    }
}

/// Where a program is reached that listens everywhere.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether `/readyz` says yes, and its page.
async fn fetch(address: SocketAddr) -> std::io::Result<(bool, String)> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.take(LONGEST).read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    Ok((status == "200", body.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::clock::{Clock, VirtualClock};
    use crate::base::id::Platform;
    use crate::base::time::Timestamp;
    use crate::store::memory::MemoryStore;

    #[tokio::test]
    async fn what_is_asked_is_what_is_served() {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new(Timestamp::from_millis(0)));
        let vitals = Vitals::new(clock);
        let there = Platform::new("there");
        vitals.health.expect(&there);
        let listener = bind("0.0.0.0:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, vitals.clone(), Arc::new(MemoryStore::new())));
        let refused = ask(address).await.unwrap_err();
        assert_eq!((refused.code, refused.lines), (Code::Unavailable, vec!["there is not connected".to_owned()]));
        vitals.pulse(&there).heard();
        assert_eq!(ask(address).await.unwrap(), "ready");
        let taken = bind(reachable(address)).await.unwrap_err();
        assert!(taken.code == Code::Config && taken.lines[0].contains("health.listen"), "{taken:?}");
    }

    #[tokio::test]
    async fn nobody_there_is_not_ready() {
        let gone = bind("127.0.0.1:0".parse().unwrap()).await.unwrap().local_addr().unwrap();
        let refused = ask(gone).await.unwrap_err();
        assert!(refused.code == Code::Unavailable && refused.lines[0].contains("does nape run"), "{refused:?}");
    }
}
