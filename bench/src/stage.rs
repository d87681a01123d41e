//! What requests need to be there: a table, a bucket, functions. Made before a run and removed after it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Call, Connection, Target};
use crate::workload::{CLIENTS_MAX, Names, QUERIED, big, dynamodb, item};

/// How long a table or a function may take to be there.
const READY_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

const PYTHON: &str = "def handler(event, context):\n    return {'ok': True}\n";
const NODE: &str = "exports.handler = async (event) => ({ ok: true });\n";

/// The account side of a run: makes what is needed and removes it again.
pub struct Stage {
    pub names: Names,
    connection: Connection,
    region: String,
    role_arn: Option<String>,
    functions: Vec<String>,
    has_table: bool,
    has_bucket: bool,
}

impl Stage {
    pub async fn new(target: &Arc<Target>) -> anyhow::Result<Self> {
        Ok(Self {
            names: Names::new(),
            connection: Connection::open(target).await?,
            region: target.region.clone(),
            role_arn: None,
            functions: Vec::new(),
            has_table: false,
            has_bucket: false,
        })
    }

    async fn send(&mut self, call: Call) -> anyhow::Result<Answer> {
        let what = format!("{} {} {}", call.service, call.method, call.target);
        self.connection.send(call).await?.good().context(what)
    }

    /// Makes the table and fills it with what is read.
    pub async fn table(&mut self) -> anyhow::Result<()> {
        let names = self.names.clone();
        let (hash, range) = (json!({"AttributeName": "pk"}), json!({"AttributeName": "sk"}));
        let with = |base: &Value, key: &str, value: &str| {
            let mut made = base.clone();
            if let Some(map) = made.as_object_mut() {
                map.insert(key.into(), value.into());
            }
            made
        };
        let create = json!({
            "TableName": names.table, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [with(&hash, "AttributeType", "S"), with(&range, "AttributeType", "S")],
            "KeySchema": [with(&hash, "KeyType", "HASH"), with(&range, "KeyType", "RANGE")],
        });
        self.send(dynamodb("CreateTable", &create)).await?;
        self.has_table = true;
        let describe = dynamodb("DescribeTable", &json!({"TableName": names.table}));
        self.until(describe, |answer| answer.pointer("/Table/TableStatus") == Some(&json!("ACTIVE"))).await?;
        for n in 0..QUERIED {
            let item = item("queried", &format!("{n:04}"));
            self.send(dynamodb("PutItem", &json!({"TableName": names.table, "Item": item}))).await?;
        }
        Ok(())
    }

    pub async fn bucket(&mut self) -> anyhow::Result<()> {
        let bucket = self.names.bucket.clone();
        let body = match self.region.as_str() {
            "us-east-1" => Bytes::new(),
            region => Bytes::from(format!(
                "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            )),
        };
        let (method, target) = (Method::PUT, format!("/{bucket}"));
        self.send(Call { service: "s3", method, target, headers: Vec::new(), body, payload: None }).await?;
        self.has_bucket = true;
        let (body, hash) = big();
        self.send(self.names.put_big(&body, hash)).await?;
        for client in 0..CLIENTS_MAX {
            self.send(self.names.put_small(client)).await?;
        }
        Ok(())
    }

    async fn until(&mut self, call: Call, ready: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let looking = async {
            loop {
                let answer = self.send(call.clone()).await?;
                if ready(&serde_json::from_slice(&answer.body)?) {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(READY_WITHIN, looking).await.with_context(|| format!("{} is not ready", call.target))?
    }

    async fn iam(&mut self, parameters: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let encode = |text: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'.';
            text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
        };
        let pairs: Vec<String> = parameters.iter().map(|(k, v)| (k, encode(v))).map(pair).collect();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        let (method, target, body) = (Method::POST, "/".to_owned(), Bytes::from(pairs.join("&")));
        self.send(Call { service: "iam", method, target, headers, body, payload: None }).await
    }

    async fn role(&mut self) -> anyhow::Result<String> {
        if let Some(arn) = &self.role_arn {
            return Ok(arn.clone());
        }
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
        }]});
        let (name, trust) = (self.names.role.clone(), trust.to_string());
        let parameters = [("Action", "CreateRole"), ("Version", "2010-05-08"), ("RoleName", name.as_str())];
        let answer = self.iam(&[&parameters[..], &[("AssumeRolePolicyDocument", trust.as_str())]].concat()).await?;
        let text = answer.text();
        let arn = text.split_once("<Arn>").and_then(|(_, rest)| rest.split_once("</Arn>")).context("no role ARN")?.0;
        self.role_arn = Some(arn.to_owned());
        Ok(arn.to_owned())
    }

    /// Makes a function of a language, ready to be invoked, and answers its name.
    pub async fn function(&mut self, language: Language, runtime: &str) -> anyhow::Result<String> {
        let role = self.role().await?;
        let name = format!("{}-{}", self.names.function, self.functions.len());
        let (file, source) = match language {
            Language::Python => ("index.py", PYTHON),
            Language::Node => ("index.js", NODE),
        };
        let create = json!({
            "FunctionName": name, "Runtime": runtime, "Role": role, "Handler": "index.handler",
            "Code": {"ZipFile": BASE64_STANDARD.encode(zipped(file, source)?)}, "Timeout": 10, "MemorySize": 128,
        });
        let headers = vec![("content-type", "application/json".to_owned())];
        let (target, body) = ("/2015-03-31/functions".to_owned(), Bytes::from(create.to_string()));
        let call = Call { service: "lambda", method: Method::POST, target, headers, body, payload: None };
        self.send(call).await?;
        self.functions.push(name.clone());
        let target = format!("/2015-03-31/functions/{name}/configuration");
        let (method, body) = (Method::GET, Bytes::new());
        let look = Call { service: "lambda", method, target, headers: Vec::new(), body, payload: None };
        self.until(look, |answer| answer.get("State").is_none_or(|state| state == "Active")).await?;
        Ok(name)
    }

    /// One invocation, which must succeed.
    pub async fn invoke(&mut self, function: &str) -> anyhow::Result<Duration> {
        let answer = self.send(self.names.invoke(function)).await?;
        if answer.headers.contains_key("x-amz-function-error") {
            bail!("{function} failed: {}", answer.text());
        }
        Ok(answer.took)
    }

    /// Removes what was made; says what stays behind.
    pub async fn clear(&mut self) {
        let mut calls = Vec::new();
        let delete = |service, target| {
            let (method, headers, body) = (Method::DELETE, Vec::new(), Bytes::new());
            Call { service, method, target, headers, body, payload: None }
        };
        for name in std::mem::take(&mut self.functions) {
            calls.push(delete("lambda", format!("/2015-03-31/functions/{name}")));
        }
        if self.has_table {
            calls.push(dynamodb("DeleteTable", &json!({"TableName": self.names.table})));
        }
        if self.has_bucket {
            let bucket = self.names.bucket.clone();
            let small = (0..CLIENTS_MAX).map(|client| format!("small-{client}"));
            let objects = small.chain(["big".to_owned()]).map(|name| format!("/{bucket}/{name}"));
            calls.extend(objects.chain([format!("/{bucket}")]).map(|target| delete("s3", target)));
        }
        for call in calls {
            if let Err(error) = self.send(call).await {
                eprintln!("stays behind: {error:#}");
            }
        }
        if self.role_arn.take().is_some() {
            let name = self.names.role.clone();
            let parameters = [("Action", "DeleteRole"), ("Version", "2010-05-08"), ("RoleName", name.as_str())];
            if let Err(error) = self.iam(&parameters).await {
                eprintln!("stays behind: {error:#}");
            }
        }
    }
}

/// What functions are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    Node,
}

impl Language {
    /// Runtimes to try, the newest first: not every host has each.
    pub fn runtimes(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python3.13", "python3.12", "python3.11", "python3.10", "python3.14"],
            Self::Node => &["nodejs24.x", "nodejs22.x", "nodejs20.x", "nodejs18.x"],
        }
    }
}

fn pair((name, value): (&&str, String)) -> String {
    format!("{name}={value}")
}

fn zipped(file: &str, source: &str) -> anyhow::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(file, zip::write::SimpleFileOptions::default().unix_permissions(0o644))?;
    archive.write_all(source.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}
