//! The websocket under a connection to the gateway: frames in and out, and how it ended.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::session::Frame;

/// An open one.
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes next.
pub(super) enum Came {
    /// A frame.
    Frame(Frame),
    /// The end, with a code if the other side has given one.
    End(Option<u16>),
}

impl Socket {
    /// Connects; `None` when nobody answers there as they should.
    pub async fn connect(address: &str) -> Option<Self> {
        let address = format!("{}/?v=10&encoding=json", address.trim_end_matches('/'));
        match connect_async(address).await {
            Ok((socket, _)) => Some(Self(socket)),
            Err(error) => {
                tracing::debug!(%error, "the gateway can't be reached");
                None
            }
        }
    }

    /// The next frame, or the end. What is no frame is passed over.
    pub async fn next(&mut self) -> Came {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(frame) => return Came::Frame(frame),
                    Err(error) => tracing::warn!(%error, "a frame of the gateway can't be read"),
                },
                Some(Ok(Message::Close(frame))) => return Came::End(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::End(None),
            }
        }
    }

    /// Sends a frame; whether that went well.
    pub async fn send(&mut self, frame: &Value) -> bool {
        self.0.send(Message::text(frame.to_string())).await.is_ok()
    }

    /// Closes it: 1000 ends the session, any other code leaves it to be taken up.
    pub async fn close(mut self, code: u16) {
        // Whoever is gone already can't be told, and needn't be.
        let _ = self.0.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await;
    }
}
