//! The HTTP side: a request is recorded, meets the faults that are on, is judged, carried out, and its answer judged too.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request as HttpRequest, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::call::{Answer, Call, Refusal, Upload, multipart};
use super::faults::Kind;
use super::routes::{self, Route};
use super::state::{Request, State};
use super::{Inner, gateway, lints, spec};

/// What a body may have at most.
const LIMIT: usize = 32 * 1024 * 1024;

/// Serves until the task is aborted.
pub async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    let router = Router::new().fallback(answer).with_state(inner);
    let service = router.into_make_service_with_connect_info::<Cut>();
    axum::serve(Cuttable(listener), service).await.expect("serving ends with its task only");
}

async fn answer(
    Shared(inner): Shared<Arc<Inner>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: HttpRequest,
) -> Response {
    let (mut head, body) = request.into_parts();
    if head.headers.contains_key(header::UPGRADE) {
        let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &inner).await;
        let query = head.uri.query().unwrap_or_default().to_owned();
        return match upgrade {
            Ok(upgrade) => upgrade.on_upgrade(move |socket| gateway::socket::run(socket, inner, query)),
            Err(refused) => refused.into_response(),
        };
    }
    let Ok(bytes) = to_bytes(body, LIMIT).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = head.uri.path().to_owned();
    // Files lie beside the API, on a host of their own that asks for no token.
    if let Some(text) = inner.look(|state| state.uploads.get(&path).cloned()) {
        return text.into_response();
    }
    let found = routes::find(head.method.as_str(), &path);
    let (body, files, readable) = read(&head.headers, &bytes);
    let (route, parts) = found.as_ref().map_or((None, Vec::new()), |(route, parts)| (Some(*route), parts.clone()));
    let query = query(head.uri.query().unwrap_or_default());
    let method = head.method.as_str().to_owned();
    let (number, mut call, fault) = inner.change(|state| {
        let at = state.clock.now();
        let template = route.map_or(path.as_str(), |route| route.template);
        let record = Request {
            at,
            method: method.clone(),
            route: template.to_owned(),
            path: path.clone(),
            body: body.clone(),
            files: files.iter().map(|file| file.name.clone()).collect(),
            status: None,
            code: None,
        };
        let fault = state.faults.hit(&record.key(), &path);
        state.requests.push(record);
        let micros = state.clock.micros();
        (state.requests.len() - 1, Call { parts, query, body, files, at, micros }, fault)
    });
    match fault.clone() {
        Some(Kind::Held(mut gate)) => {
            gate.wait_for(|open| *open).await.ok();
            (call.at, call.micros) = inner.look(|state| (state.clock.now(), state.clock.micros()));
        }
        Some(Kind::Refused { refusal, body, headers }) => {
            let body = body.unwrap_or_else(|| refusal.body());
            inner.change(|state| {
                judge(state, &method, route, refusal.status, &body);
                close(&mut state.requests[number], refusal.status, refusal.code);
            });
            return respond(refusal.status, &body, &headers);
        }
        Some(Kind::Reset) => return cut.now(),
        Some(Kind::AnswerLost | Kind::Garbled) | None => {}
    }
    let (status, body) = inner.change(|state| {
        let answered = if !readable {
            state.violations.push(format!("{method} {path}: the body is neither JSON nor multipart with JSON"));
            Err(Refusal::code(50035))
        } else {
            carry_out(state, &method, &path, route, &call, &head.headers)
        };
        let (status, body) = answered.unwrap_or_else(|refusal| (refusal.status, refusal.body()));
        judge(state, &method, route, status, &body);
        close(&mut state.requests[number], status, body["code"].as_u64().unwrap_or(0));
        (status, body)
    });
    match fault {
        Some(Kind::AnswerLost) => cut.now(),
        Some(Kind::Garbled) => (StatusCode::OK, "<html>Bad gateway").into_response(),
        _ => respond(status, &body, &[]),
    }
}

fn carry_out(
    state: &mut State,
    method: &str,
    path: &str,
    route: Option<&'static Route>,
    call: &Call,
    headers: &HeaderMap,
) -> Answer {
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(route) = route else {
        state.violations.push(format!("{method} {path}: the fake has no such route"));
        return Err(Refusal::status(404, "Not Found"));
    };
    // Discord asks it of those who come with a bot's token.
    if !route.open && !header(header::USER_AGENT).starts_with("DiscordBot (") {
        state.violations.push(format!("{method} {path}: User-Agent is not `DiscordBot (…)`"));
    }
    let token = header(header::AUTHORIZATION);
    if state.faults.unauthorized || !route.open && token != format!("Bot {}", state.bot.token) {
        return Err(Refusal::status(401, "Unauthorized"));
    }
    let (invalid, passed_over) = spec::request(method, route.template, &call.body);
    let (refused, rude) = lints::request(method, route.template, call);
    let is_refused = !invalid.is_empty() || !refused.is_empty();
    let found = [invalid, refused, passed_over, rude].into_iter().flatten();
    state.violations.extend(found.map(|wrong| format!("{method} {}: {wrong}", route.template)));
    if is_refused {
        return Err(Refusal::code(50035));
    }
    (route.handle)(state, call)
}

/// Holds an answer of the fake itself against the specification.
fn judge(state: &mut State, method: &str, route: Option<&Route>, status: u16, body: &Value) {
    let Some(Route { template, .. }) = route else { return };
    let wrong = spec::answer(method, template, status, body);
    let wrong = wrong.iter().map(|wrong| format!("the fake's answer to {method} {template} ({status}): {wrong}"));
    state.violations.extend(wrong);
}

fn close(request: &mut Request, status: u16, code: u64) {
    request.status = Some(status);
    request.code = (status >= 400).then_some(code);
}

/// The body, its files, and whether it could be read.
fn read(headers: &HeaderMap, bytes: &[u8]) -> (Value, Vec<Upload>, bool) {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if bytes.is_empty() {
        return (Value::Null, Vec::new(), true);
    }
    if kind.starts_with("multipart/form-data") {
        return multipart(kind, bytes).map_or((Value::Null, Vec::new(), false), |(body, files)| (body, files, true));
    }
    serde_json::from_slice(bytes).map_or((Value::Null, Vec::new(), false), |body| (body, Vec::new(), true))
}

fn query(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn respond(status: u16, body: &Value, headers: &[(&'static str, String)]) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        response = response.header(header::CONTENT_TYPE, "application/json");
        Body::from(json!(body).to_string())
    };
    response.body(body).expect("status and headers are ours")
}

/// Cuts the connection that a request came on.
#[derive(Clone, Debug, Default)]
struct Cut(Arc<AtomicBool>);

impl Cut {
    /// Whatever is answered from now on doesn't arrive.
    fn now(&self) -> Response {
        self.0.store(true, Ordering::SeqCst);
        StatusCode::OK.into_response()
    }
}

/// A listener whose connections can be cut.
struct Cuttable(TcpListener);

/// Its connection.
struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl Listener for Cuttable {
    type Io = CuttableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, addr) = Listener::accept(&mut self.0).await;
        // Small answers leave at once.
        stream.set_nodelay(true).ok();
        (CuttableStream { stream, cut: Cut::default() }, addr)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Cuttable>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Cuttable>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.0.load(Ordering::SeqCst) {
            self.stream.set_zero_linger().ok();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
