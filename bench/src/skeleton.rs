//! The skeleton: as little server as the same requests need. What it reaches is this machine's limit.
//!
//! `/fixed` answers at once. `/verified` checks the signature first. `/get` and `/put` also read the request's JSON and
//! get or durably put the item in fjall. `/sink` swallows a body, `/source` sends 50 MB.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;
use base::{Clock, SystemClock};
use bytes::Bytes;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use serde_json::Value;
use sigv4::{Dialect, Payload, Presented, RequestView, SigningKey};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::workload::BIG_BYTES;

/// Puts that wait for the commit thread, and the most of one batch: as in engines/kv-fjall.
const QUEUE_MAX: usize = 1024;
const GROUP_MAX: usize = 256;

struct Skeleton {
    secret: String,
    key: Mutex<Option<(String, SigningKey)>>,
    items: Keyspace,
    puts: mpsc::Sender<Put>,
    big: Bytes,
}

struct Put {
    key: Vec<u8>,
    item: Vec<u8>,
    done: oneshot::Sender<bool>,
}

/// Serves until the process is ended. Prints its port first.
pub async fn serve(folder: &Path, secret: String) -> anyhow::Result<()> {
    let db = Database::builder(folder).manual_journal_persist(true).open()?;
    let items = db.keyspace("items", KeyspaceCreateOptions::default)?;
    let (puts, jobs) = mpsc::channel(QUEUE_MAX);
    let written = items.clone();
    thread::Builder::new().name("commit".into()).spawn(move || commit(&db, &written, jobs))?;
    let skeleton =
        Arc::new(Skeleton { secret, key: Mutex::default(), items, puts, big: Bytes::from(vec![7; BIG_BYTES]) });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    loop {
        let (stream, _) = listener.accept().await?;
        let _ = stream.set_nodelay(true);
        let skeleton = Arc::clone(&skeleton);
        let service = service_fn(move |request| Arc::clone(&skeleton).answer(request));
        let serving = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        tokio::spawn(async move { drop(serving.await) });
    }
}

/// The one writer: everything that waits goes into one batch with one fdatasync.
fn commit(db: &Database, items: &Keyspace, mut jobs: mpsc::Receiver<Put>) {
    let mut waiting = Vec::with_capacity(GROUP_MAX);
    while jobs.blocking_recv_many(&mut waiting, GROUP_MAX) > 0 {
        let mut batch = db.batch().durability(Some(PersistMode::SyncData));
        let mut answers = Vec::with_capacity(waiting.len());
        for Put { key, item, done } in waiting.drain(..) {
            batch.insert(items, key, item);
            answers.push(done);
        }
        let good = batch.commit().is_ok();
        for done in answers {
            // Whoever asked may have gone.
            let _ = done.send(good);
        }
    }
}

impl Skeleton {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let answered = self.try_answer(request).await;
        Ok(answered.unwrap_or_else(|error| {
            let mut response = Response::new(Full::new(Bytes::from(error.to_string())));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            response
        }))
    }

    async fn try_answer(&self, request: Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
        let (parts, mut body) = request.into_parts();
        let path = parts.uri.path();
        if path == "/sink" {
            while let Some(frame) = body.frame().await {
                frame?;
            }
            return Ok(Response::new(Full::new(Bytes::new())));
        }
        let body = body.collect().await?.to_bytes();
        let answer = match path {
            "/fixed" => Bytes::from_static(b"{}"),
            "/verified" => {
                self.verify(&parts, &body)?;
                Bytes::from_static(b"{}")
            }
            "/get" => {
                self.verify(&parts, &body)?;
                self.get(&body)?
            }
            "/put" => {
                self.verify(&parts, &body)?;
                self.put(&body).await?
            }
            "/source" => self.big.clone(),
            _ => anyhow::bail!("no such path"),
        };
        let mut response = Response::new(Full::new(answer));
        let json = http::HeaderValue::from_static("application/x-amz-json-1.0");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        Ok(response)
    }

    fn verify(&self, parts: &Parts, body: &Bytes) -> anyhow::Result<()> {
        let view = RequestView::of(parts);
        let presented = Presented::from_request(&view)?.context("not signed")?;
        let scope = presented.scope().context("no scope")?;
        let key = {
            let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
            match kept.as_ref() {
                Some((date, key)) if *date == scope.date => key.clone(),
                _ => {
                    let key = SigningKey::derive(&self.secret, &scope.date, &scope.region, &scope.service);
                    *kept = Some((scope.date.clone(), key.clone()));
                    key
                }
            }
        };
        presented.verify_with(&key, &view, Payload::Buffered(body), Dialect::STANDARD, SystemClock.now())?;
        Ok(())
    }

    fn get(&self, body: &Bytes) -> anyhow::Result<Bytes> {
        let request: Value = serde_json::from_slice(body)?;
        let key = request.pointer("/Key/pk/S").and_then(Value::as_str).context("no key")?;
        let Some(item) = self.items.get(key)? else { return Ok(Bytes::from_static(b"{}")) };
        let item: Value = serde_json::from_slice(&item)?;
        Ok(Bytes::from(serde_json::to_vec(&serde_json::json!({ "Item": item }))?))
    }

    async fn put(&self, body: &Bytes) -> anyhow::Result<Bytes> {
        let request: Value = serde_json::from_slice(body)?;
        let item = request.get("Item").context("no item")?;
        let key = item.pointer("/pk/S").and_then(Value::as_str).context("no key")?.as_bytes().to_vec();
        let (done, answered) = oneshot::channel();
        self.puts.send(Put { key, item: serde_json::to_vec(item)?, done }).await?;
        anyhow::ensure!(answered.await?, "the write failed");
        Ok(Bytes::from_static(b"{}"))
    }
}
