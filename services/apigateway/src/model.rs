//! APIs and what belongs to them as they are stored, and what integrations may point at.

use std::collections::BTreeMap;

use base::{Account, Arn, Region, Timestamp};
use serde::{Deserialize, Serialize};

use crate::errors::Error;

/// How long an integration may take unless it says less, in milliseconds (quota of HTTP APIs).
pub(crate) const TIMEOUT_MS_MAX: i32 = 30_000;

/// The stage that needs no name in paths, and the route that takes what no other does.
pub(crate) const DEFAULT: &str = "$default";

/// A stored record, with its version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Record<T> {
    V1(T),
}

/// Where an API lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Home {
    pub account: Account,
    pub region: Region,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Api {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub version: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub created: Timestamp,
    /// None: the gateway says nothing to browsers of other origins. Records from before it could say something have no such
    /// member.
    #[serde(default)]
    pub cors: Option<Cors>,
}

/// What browsers are told about requests from pages of other origins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cors {
    pub allow_credentials: Option<bool>,
    pub allow_headers: Vec<String>,
    pub allow_methods: Vec<String>,
    pub allow_origins: Vec<String>,
    pub expose_headers: Vec<String>,
    pub max_age_s: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Integration {
    pub id: String,
    pub description: Option<String>,
    /// The URI as it was given.
    pub uri: String,
    pub function: Arn,
    pub timeout_ms: i32,
    /// Made by quick create.
    pub managed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    pub id: String,
    pub key: String,
    /// The integration's id.
    pub integration: Option<String>,
    pub operation_name: Option<String>,
    pub managed: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub name: String,
    pub description: Option<String>,
    /// It serves the API as it is now, not a deployment.
    pub auto_deploy: bool,
    pub deployment: Option<String>,
    pub variables: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub managed: bool,
}

/// Routes and integrations as they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub id: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub routes: Vec<Route>,
    pub integrations: Vec<Integration>,
}

/// What a record is found by under its API.
pub(crate) trait Identified {
    fn id(&self) -> &str;
}

macro_rules! identified {
    ($($type:ty: $field:ident),*) => {
        $( impl Identified for $type { fn id(&self) -> &str { &self.$field } } )*
    };
}
identified!(Api: id, Integration: id, Route: id, Stage: name, Deployment: id);

/// The function that a URI means: its ARN, or the path of its invocation.
pub(crate) fn function(uri: &str) -> Result<Arn, Error> {
    const INVOCATION: (&str, &str) = ("path/2015-03-31/functions/", "/invocations");
    let invalid = || Error::bad(format!("Invalid function ARN or invalid uri: {uri}"));
    if uri.contains("${") {
        return Err(service::Failure::not_implemented(format!("The stage variable in {uri}")).into());
    }
    let outer: Arn = uri.parse().map_err(|_| invalid())?;
    let function = match outer.service.as_str() {
        // Here the account's place says `lambda`.
        "apigateway" if outer.account == "lambda" => {
            let inner = outer.resource.strip_prefix(INVOCATION.0).and_then(|rest| rest.strip_suffix(INVOCATION.1));
            inner.and_then(|arn| arn.parse().ok()).ok_or_else(invalid)?
        }
        _ => outer,
    };
    let named = function.resource.strip_prefix("function:").is_some_and(|name| !name.is_empty());
    if function.service == "lambda" && named { Ok(function) } else { Err(invalid()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_uri_mean_the_function() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:app:live";
        let path = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations");
        for uri in [arn, &path] {
            assert_eq!(function(uri).unwrap().to_string(), arn);
        }
        for uri in
            ["", "http://a", "arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:lambda:us-east-1:0:layer:x", &path[..70]]
        {
            assert!(matches!(function(uri), Err(Error::Bad(_))), "{uri}");
        }
        assert!(matches!(function("arn:aws:lambda:${stageVariables.f}"), Err(Error::Failed(_))));
    }

    #[test]
    fn stored_records_of_the_first_version_are_read() {
        let stored = [
            r#"{"V1":{"id":"r","key":"GET /","integration":"i","operation_name":null,"managed":false}}"#,
            r#"{"V1":{"id":"r","key":"$default","integration":null,"operation_name":"x","managed":true}}"#,
        ];
        for text in stored {
            let record: Record<Route> = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&record).unwrap(), text);
        }
        let api = r#"{"V1":{"id":"a","name":"n","description":null,"version":null,"tags":{},"created":1}}"#;
        let Record::V1(read) = serde_json::from_str::<Record<Api>>(api).unwrap();
        assert_eq!((read.name.as_str(), read.cors), ("n", None));
        let stage = r#"{"V1":{"name":"s","description":null,"auto_deploy":true,"deployment":null,"variables":{"a":"b"},"tags":{},"created":1,"updated":2,"managed":false}}"#;
        let Record::V1(read) = serde_json::from_str::<Record<Stage>>(stage).unwrap();
        assert_eq!(serde_json::to_string(&Record::V1(read)).unwrap(), stage);
    }
}
