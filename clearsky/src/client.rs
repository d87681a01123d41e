//! Calls of our own commands to the API: like any AWS client, with endpoint and keys from the `AWS_*` variables.

use std::io::Read;

use anyhow::{Context, bail};
use base::{Clock as _, Region, Secret, SystemClock};
use http::Response;
use serde_json::Value;
use sigv4::{Credentials, Dialect, SignPayload, Signer};
use ureq::Body;

use crate::config::Client;

/// Calls an operation of the service `clearsky`.
pub fn call(client: &Client, operation: &str, input: &Value) -> anyhow::Result<Value> {
    let text = send(client, operation, input)?.body_mut().read_to_string()?;
    serde_json::from_str(&text).with_context(|| format!("not an answer of Clearsky: {text}"))
}

/// Calls an operation whose answer is read as it comes.
pub fn open(client: &Client, operation: &str, input: &Value) -> anyhow::Result<impl Read + use<>> {
    Ok(send(client, operation, input)?.into_body().into_reader())
}

/// An answer that is no error.
fn send(client: &Client, operation: &str, input: &Value) -> anyhow::Result<Response<Body>> {
    let endpoint = client.endpoint_url.trim_end_matches('/');
    let uri: http::Uri = format!("{endpoint}/").parse().with_context(|| format!("AWS_ENDPOINT_URL {endpoint}"))?;
    let authority = uri.authority().context("AWS_ENDPOINT_URL names no host")?;
    let body = input.to_string();
    let mut headers = http::HeaderMap::new();
    headers.insert("host", authority.as_str().parse()?);
    headers.insert("content-type", "application/x-amz-json-1.1".parse()?);
    headers.insert("x-amz-target", format!("Clearsky_20261124.{operation}").parse()?);
    let credentials = Credentials {
        access_key_id: client.access_key_id.clone(),
        secret_access_key: Secret::new(client.secret_access_key.clone()),
        session_token: client.session_token.clone().map(Secret::new),
    };
    let region = client.region.as_deref().unwrap_or(Region::DEFAULT);
    let signer = Signer { credentials: &credentials, region, service: "clearsky", dialect: Dialect::STANDARD };
    signer.sign(&http::Method::POST, "/", &mut headers, SignPayload::Bytes(body.as_bytes()), SystemClock.now());

    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut request = ureq::Agent::new_with_config(config).post(uri.to_string());
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    let mut answer = request.send(&body).with_context(|| format!("no answer from {endpoint}"))?;
    if !answer.status().is_success() {
        let text = answer.body_mut().read_to_string()?;
        let document: Value =
            serde_json::from_str(&text).with_context(|| format!("not an answer of Clearsky: {text}"))?;
        let part = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or("").to_owned();
        bail!("{}: {}", part("__type"), part("message"));
    }
    Ok(answer)
}
