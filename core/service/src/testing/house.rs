//! One house under test: requests and answers as text, so that a hundred tests are data.

use std::cell::RefCell;
use std::collections::BTreeMap;

use expect_test::Expect;
use kv::Store;
use serde_json::Value;

use super::{Kit, Shown};
use crate::{Caller, Service};

/// Longer JSON than this is shown on several lines.
const LINE_BYTES_MAX: usize = 100;

/// Headers that belong to an answer's meaning.
const SHOWN_HEADERS: &[&str] = &["x-amzn-query-error", "x-amzn-errortype", "location"];

/// A house on a platform in memory, with a clock that stands still and seeded ids: the same requests always get the same
/// answers. For tests that are no futures themselves.
///
/// A request is `Operation {json}` for services that speak JSON, `Action=Operation&Member=value` for those that speak
/// query, and `METHOD /path?query body` for the others. An answer is its status, then the headers that say something, then
/// the body.
///
/// ```ignore
/// house().check(r#"DeleteParameter {"Name":"none"}"#, expect![[r#"400 {"__type":"ParameterNotFound","message":""}"#]]);
/// ```
pub struct House {
    pub kit: Kit,
    service: &'static str,
    /// Members whose values are shown as `$Name`, each with the value it had in the last answer.
    kept: RefCell<BTreeMap<&'static str, String>>,
}

impl House {
    pub fn new(store: Store, service: Service) -> Self {
        let name = service.name;
        Self { kit: Kit::new(store, vec![service]), service: name, kept: RefCell::default() }
    }

    /// Shows a member's value, wherever it stands in an answer, as `$Name`; `$Name` in a later request is that value.
    #[must_use]
    pub fn keeping(self, member: &'static str) -> Self {
        self.kept.borrow_mut().insert(member, String::new());
        self
    }

    /// Sends a request as root and compares the answer.
    pub fn check(&self, request: &str, answer: Expect) -> &Self {
        answer.assert_eq(&self.ask(&Kit::root(), request));
        self
    }

    /// Sends a request as a caller without any permission and compares the denial.
    pub fn check_denied(&self, request: &str, answer: Expect) -> &Self {
        answer.assert_eq(&self.ask(&Kit::nobody(), request));
        self
    }

    /// Sends a request that has to succeed: what a test begins with.
    pub fn given(&self, request: &str) -> &Self {
        let answer = self.ask(&Kit::root(), request);
        assert!(answer.starts_with('2'), "{request}\n{answer}");
        self
    }

    /// The answer to a request as text.
    pub fn ask(&self, caller: &Caller, request: &str) -> String {
        let mut request = request.to_owned();
        for (member, value) in self.kept.borrow().iter() {
            request = request.replace(&format!("${member}"), value);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime.map(|runtime| runtime.block_on(self.send(caller, &request))) {
            Ok(Ok(shown)) => self.text(&shown),
            Ok(Err(failure)) => format!("no such request: {failure}"),
            Err(error) => format!("no runtime: {error}"),
        }
    }

    async fn send(&self, caller: &Caller, request: &str) -> Result<Shown, crate::Failure> {
        let (first, rest) = request.split_once(' ').unwrap_or((request, ""));
        if first.bytes().all(|b| b.is_ascii_uppercase()) {
            let (target, body) = rest.split_once(' ').unwrap_or((rest, ""));
            return self.kit.http(caller, self.service, &format!("{first} {target}"), &[], body.to_owned()).await;
        }
        if first.starts_with("Action=") {
            return self.kit.http(caller, self.service, "POST /", &[], request.to_owned()).await;
        }
        let target = [("x-amz-target", first)];
        self.kit.http(caller, self.service, "POST /", &target, rest.to_owned()).await
    }

    fn text(&self, shown: &Shown) -> String {
        let mut text = shown.status.to_string();
        for name in SHOWN_HEADERS {
            if let Some(value) = shown.headers.get(*name).and_then(|value| value.to_str().ok()) {
                text += &format!(" {name}: {value}\n   ");
            }
        }
        let Ok(mut document) = serde_json::from_slice::<Value>(&shown.body) else {
            return format!("{text} {}", String::from_utf8_lossy(&shown.body)).trim_end().to_owned();
        };
        self.keep(&mut document);
        let line = document.to_string();
        match serde_json::to_string_pretty(&document) {
            Ok(pretty) if LINE_BYTES_MAX < line.len() => format!("{text} {pretty}"),
            _ => format!("{text} {line}"),
        }
    }

    fn keep(&self, document: &mut Value) {
        match document {
            Value::Object(members) => {
                for (name, value) in members {
                    match self.kept.borrow_mut().iter_mut().find(|(kept, _)| *kept == name) {
                        Some((kept, last)) if value.is_string() => {
                            *last = value.as_str().unwrap_or_default().to_owned();
                            *value = Value::from(format!("${kept}"));
                        }
                        _ => (),
                    }
                    self.keep(value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.keep(item)),
            _ => (),
        }
    }
}
