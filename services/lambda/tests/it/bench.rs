//! What every test stands on: a platform with Lambda, the fake isolation, and a CloudWatch Logs that remembers.

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kv::Store;
use lambda::{Functions, Invoker, Runtimes};
use serde_json::{Value, json};
use service::Caller;
use service::ports::{Identity, Ports};
use service::testing::{Kit, Open, Shown};
use tempfile::TempDir;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::fake::{Bucket, Fake, runtime};
use crate::logs;

pub struct Bench {
    pub kit: Kit,
    pub fake: Arc<Fake>,
    pub functions: Arc<Functions>,
    pub logs: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

pub const ROLE: &str = concat!("arn", ":aws:iam::000000000000:role/app");
pub const ARN: &str = concat!("arn", ":aws:lambda:us-east-1:000000000000:function:app");

impl Bench {
    pub async fn new() -> Self {
        Self::on(Fake::default()).await
    }

    pub async fn on(fake: Fake) -> Self {
        Self::with(fake, Arc::new(Open)).await
    }

    pub async fn with(fake: Fake, identity: Arc<dyn Identity>) -> Self {
        Self::over(kv_memory::Memory::store(), fake, identity).await
    }

    pub async fn over(store: Store, fake: Fake, identity: Arc<dyn Identity>) -> Self {
        let (fake, folder) = (Arc::new(fake), tempfile::tempdir().unwrap());
        let mut made = None;
        let kit = Kit::with(store, vec![lambda::service(), logs::service()], |platform| {
            let weak = Arc::downgrade(platform);
            let skipped = vec![("python3.13".to_owned(), "its interpreter is a shim".to_owned())];
            let runtimes = Runtimes::known(vec![runtime()], skipped);
            let cache = folder.path().join("functions");
            let functions = Functions::new(weak.clone(), Arc::clone(&fake) as _, runtimes, cache);
            let functions = Arc::new(functions);
            made = Some(Arc::clone(&functions));
            let ports = Ports { identity, invoke: Arc::new(Invoker::new(weak)), objects: Arc::new(Bucket) };
            (ports, vec![functions as _, Arc::new(logs::Seen::default()) as _])
        });
        let functions = made.unwrap();
        functions.start_tasks(&kit.platform).await;
        let logs = Arc::clone(&kit.platform.state::<logs::Seen>().unwrap().0);
        Self { kit, fake, functions, logs, folder }
    }

    /// With a function `app`.
    pub async fn with_app() -> Self {
        let bench = Self::new().await;
        let created = bench.show("CreateFunction", app()).await;
        assert!(created.contains("\"State\":\"Active\""), "{created}");
        bench
    }

    pub async fn show(&self, operation: &str, document: Value) -> String {
        self.kit.show("lambda", operation, document).await
    }

    pub async fn call(&self, operation: &str, document: Value) -> Value {
        self.kit.call("lambda", operation, document).await.unwrap()
    }

    pub async fn invoke(&self, headers: &[(&str, &str)], payload: &str) -> Shown {
        self.invoke_as(&Kit::root(), headers, payload.as_bytes().to_vec()).await
    }

    pub async fn invoke_as(&self, caller: &Caller, headers: &[(&str, &str)], payload: Vec<u8>) -> Shown {
        let line = "POST /2015-03-31/functions/app/invocations";
        self.kit.http(caller, "lambda", line, headers, payload).await.unwrap()
    }

    /// Waits until no event is due.
    pub async fn settle(&self) {
        self.functions.settle_events(&self.kit.platform).await.unwrap();
    }

    /// The names of the cache's folders.
    pub fn cached(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("functions")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

/// A request that creates `app`.
pub fn app() -> Value {
    json!({
        "FunctionName": "app", "Role": ROLE, "Runtime": "python3.12", "Handler": "app.handler",
        "Code": { "ZipFile": zip("app.py", "x = 1") },
    })
}

/// The same with members replaced.
pub fn app_with(changes: Value) -> Value {
    let mut document = app();
    for (name, value) in changes.as_object().unwrap() {
        document.as_object_mut().unwrap().insert(name.clone(), value.clone());
    }
    document
}

pub fn zip(name: &str, content: &str) -> String {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    BASE64_STANDARD.encode(writer.finish().unwrap().into_inner())
}
