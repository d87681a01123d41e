//! A client that signs every request: one HTTP/1.1 connection, one request at a time, as one caller of an SDK.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base::{Clock, SystemClock};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use sigv4::{Credentials, Dialect, PayloadMode, SignPayload, Signer, SigningKey};
use tokio::net::TcpStream;

/// Answers up to this size are kept; of longer ones only the length is.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// Servers close connections that are idle for long (ours after 30 s): one this old is opened anew.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// Where requests go and who makes them.
#[derive(Debug)]
pub struct Target {
    /// `host:port`
    pub authority: String,
    pub region: String,
    pub credentials: Credentials,
}

/// One request before it is signed.
#[derive(Debug, Clone)]
pub struct Call {
    pub service: &'static str,
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    /// What the signature says of the body where the client does not hash it.
    pub payload: Option<PayloadMode>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// From the first byte sent to the last one received; signing is not in it.
    pub took: Duration,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The answer, if its status is a success.
    pub fn good(self) -> anyhow::Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        bail!("status {}: {}", self.status, self.text())
    }
}

/// A connection with its signing keys, which last a day.
pub struct Connection {
    target: Arc<Target>,
    sender: SendRequest<Full<Bytes>>,
    keys: HashMap<(&'static str, i64), SigningKey>,
    used: Instant,
}

impl Connection {
    pub async fn open(target: &Arc<Target>) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&target.authority).await.with_context(|| target.authority.clone())?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends when the sender is dropped.
        tokio::spawn(connection);
        Ok(Self { target: Arc::clone(target), sender, keys: HashMap::new(), used: Instant::now() })
    }

    /// Signs a request, sends it and reads its answer to the end.
    pub async fn send(&mut self, call: Call) -> anyhow::Result<Answer> {
        let request = self.signed(call)?;
        if IDLE_MAX < self.used.elapsed() || self.sender.ready().await.is_err() {
            *self = Self::open(&Arc::clone(&self.target)).await?;
        }
        let started = Instant::now();
        let response = self.sender.send_request(request).await?;
        let (parts, mut body) = response.into_parts();
        let (mut kept, mut length) = (BytesMut::new(), 0);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            length += data.len();
            if length <= KEPT_BYTES_MAX {
                kept.extend_from_slice(&data);
            }
        }
        let took = started.elapsed();
        self.used = Instant::now();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: kept.freeze(), took })
    }

    fn signed(&mut self, call: Call) -> anyhow::Result<Request<Full<Bytes>>> {
        let Call { service, method, target, headers, body, payload } = call;
        let mut map = HeaderMap::with_capacity(headers.len() + 5);
        map.insert(http::header::HOST, HeaderValue::from_str(&self.target.authority)?);
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_str(&value)?);
        }
        let dialect = if service == "s3" { Dialect::S3 } else { Dialect::STANDARD };
        let Target { region, credentials, .. } = self.target.as_ref();
        let signer = Signer { credentials, region, service, dialect };
        let now = SystemClock.now();
        let key = self.keys.entry((service, now.as_seconds() / 86_400)).or_insert_with(|| signer.key(now));
        let payload = payload.map_or(SignPayload::Bytes(&body), SignPayload::Mode);
        signer.sign_with(key, &method, &target, &mut map, payload, now);
        let mut request = Request::builder().method(method).uri(target).body(Full::new(body))?;
        *request.headers_mut() = map;
        Ok(request)
    }
}
