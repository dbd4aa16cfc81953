//! A bare client of the fake's REST side: no library's idea of Discord, requests as they are written in the tests.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::fake::{Fake, Id, TOKEN};

/// The client.
pub struct Rest {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub body: Value,
}

impl Answered {
    /// Discord's error code; 0 if there is none.
    pub fn code(&self) -> u64 {
        self.body["code"].as_u64().unwrap_or(0)
    }

    /// An id in the answer.
    pub fn id(&self) -> Id {
        self.body["id"].as_str().and_then(Id::read).unwrap_or_else(|| panic!("no id in {self:?}"))
    }
}

impl Rest {
    /// A client with the fake's token.
    pub fn new(fake: &Fake) -> Self {
        let http = reqwest::Client::builder().user_agent("DiscordBot (https://nape.example, 0)").no_proxy().build();
        let http = http.expect("a client without TLS needs nothing");
        Self { http, base: format!("{}/api/v10", fake.url()), token: TOKEN.into() }
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &Value::Null).await.expect("it answers")
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        self.send("POST", path, body).await.expect("it answers")
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answered {
        self.send("PATCH", path, body).await.expect("it answers")
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answered {
        self.send("PUT", path, body).await.expect("it answers")
    }

    pub async fn delete(&self, path: &str) -> Answered {
        self.send("DELETE", path, &Value::Null).await.expect("it answers")
    }

    /// Registers commands for everybody.
    pub async fn commands(&self, body: &Value) -> Answered {
        let me = self.get("/users/@me").await.id();
        self.put(&format!("/applications/{me}/commands"), body).await
    }

    /// Answers an interaction.
    pub async fn callback(&self, fake: &Fake, interaction: Id, body: &Value) -> Answered {
        let token = fake.look(|state| state.interactions[&interaction].token.clone());
        self.post(&format!("/interactions/{interaction}/{token}/callback"), body).await
    }

    /// The path of what follows an interaction's first answer.
    pub fn webhook(fake: &Fake, interaction: Id) -> String {
        fake.look(|state| format!("/webhooks/{}/{}", state.bot.id, state.interactions[&interaction].token))
    }

    /// Sends a message with a file.
    pub async fn upload(&self, path: &str, body: &Value, name: &str, bytes: &[u8]) -> Answered {
        let form = Form::new().text("payload_json", body.to_string());
        let form = form.part("files[0]", Part::bytes(bytes.to_vec()).file_name(name.to_owned()));
        let request = self.http.post(format!("{}{path}", self.base)).multipart(form);
        answered(request.header("authorization", format!("Bot {}", self.token)).send().await).await.expect("it answers")
    }

    /// Sends a request; an error if the connection fails. An answer that is no JSON comes as text.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Answered, reqwest::Error> {
        let method = method.parse().expect("a method of HTTP");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !body.is_null() {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        answered(request.header("authorization", format!("Bot {}", self.token)).send().await).await
    }

    /// The same client with another token.
    pub fn with_token(self, token: &str) -> Self {
        Self { token: token.into(), ..self }
    }
}

/// A message that pings nobody.
pub fn text(content: &str) -> Value {
    json!({ "content": content, "allowed_mentions": { "parse": [] } })
}

async fn answered(response: Result<reqwest::Response, reqwest::Error>) -> Result<Answered, reqwest::Error> {
    let response = response?;
    let status = response.status().as_u16();
    let bytes = response.bytes().await?;
    if bytes.is_empty() {
        return Ok(Answered { status, body: Value::Null });
    }
    let read = serde_json::from_slice(&bytes);
    Ok(Answered { status, body: read.unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into_owned())) })
}
