//! Cross-origin requests: what browsers are told about an API, by its configuration. Pure.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::errors::Error;
use crate::model::Cors;

/// Every origin, method or header.
const ANY: &str = "*";

/// The methods that a configuration may name (docs).
const METHODS: [&str; 8] = ["*", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

impl Cors {
    /// Refuses what no browser could be told.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_origin = |origin: &String| {
            origin == ANY
                || ["http://", "https://"]
                    .iter()
                    .any(|scheme| origin.len() > scheme.len() && origin.starts_with(scheme))
        };
        let is_header = |name: &String| name == ANY || name.parse::<HeaderName>().is_ok();
        let first = |member: &str, wrong: Option<&String>| match wrong {
            Some(value) => Err(Error::bad(format!("Invalid value {value} for {member} in the CORS configuration"))),
            None => Ok(()),
        };
        let is_plain = |text: &String| HeaderValue::from_str(text).is_ok();
        first("allowOrigins", self.allow_origins.iter().find(|origin| !(is_origin(origin) && is_plain(origin))))?;
        first("allowMethods", self.allow_methods.iter().find(|method| !METHODS.contains(&method.as_str())))?;
        first("allowHeaders", self.allow_headers.iter().find(|name| !is_header(name)))?;
        first("exposeHeaders", self.expose_headers.iter().find(|name| !is_header(name)))?;
        if self.allow_credentials == Some(true) && self.allow_origins.iter().any(|origin| origin == ANY) {
            return Err(Error::bad("allowCredentials is not supported for the origin * in the CORS configuration"));
        }
        Ok(())
    }

    /// What goes with the answer to a request of this origin; the function's own headers of this kind are dropped (docs).
    pub(crate) fn apply(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        let theirs: Vec<HeaderName> =
            answer.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in theirs {
            answer.remove(name);
        }
        let Some(origin) = self.allowed(request) else { return };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allow_credentials == Some(true) {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, &self.expose_headers);
    }

    /// What goes with the answer to a preflight request besides.
    pub(crate) fn preflight(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        if self.allowed(request).is_none() {
            return;
        }
        list(answer, ACCESS_CONTROL_ALLOW_METHODS, &self.allow_methods);
        list(answer, ACCESS_CONTROL_ALLOW_HEADERS, &self.allow_headers);
        if let Some(age) = self.max_age_s {
            answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(age));
        }
    }

    /// The origin as the answer names it; None where it is not allowed, or there is none.
    fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let value = request.get(ORIGIN)?;
        let origin = value.to_str().ok()?;
        if self.allow_origins.iter().any(|allowed| allowed == ANY) {
            return Some(HeaderValue::from_static(ANY));
        }
        let fits = |allowed: &String| match allowed.strip_suffix("://*") {
            Some(scheme) => origin.split_once("://").is_some_and(|(given, _)| given == scheme),
            None => allowed == origin,
        };
        self.allow_origins.iter().any(fits).then(|| value.clone())
    }
}

/// A browser asks whether it may send a request (docs: both headers make it one).
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn list(answer: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !values.is_empty()
    {
        answer.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str]) -> Cors {
        let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Cors {
            allow_origins: strings(origins),
            allow_methods: strings(&["GET", "POST"]),
            allow_headers: strings(&["content-type"]),
            expose_headers: strings(&["date"]),
            ..Cors::default()
        }
    }

    fn check(origins: &[&str], origin: &'static str, wanted: &str) {
        let mut request = HeaderMap::new();
        request.insert(ORIGIN, HeaderValue::from_static(origin));
        let mut answer = HeaderMap::new();
        answer.insert("access-control-allow-origin", HeaderValue::from_static("theirs"));
        answer.insert("x-a", HeaderValue::from_static("b"));
        cors(origins).apply(&request, &mut answer);
        assert_eq!(answer["x-a"], "b");
        let shown = answer.get(ACCESS_CONTROL_ALLOW_ORIGIN).map_or("", |value| value.to_str().unwrap());
        assert_eq!(shown, wanted, "{origins:?} {origin}");
        assert_eq!(answer.contains_key(ACCESS_CONTROL_EXPOSE_HEADERS), !wanted.is_empty());
    }

    #[test]
    fn origins_are_compared_whole_or_by_their_scheme() {
        check(&["*"], "http://a", "*");
        check(&["http://a", "https://b"], "https://b", "https://b");
        check(&["http://a"], "http://ab", "");
        check(&["https://*"], "https://a", "https://a");
        check(&["https://*"], "http://a", "");
        check(&["http://*"], "https://a", "");
        check(&[], "http://a", "");
    }

    #[test]
    fn what_a_configuration_may_say() {
        let check = |cors: Cors, wanted: &str| {
            let text = cors.check().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(text.contains(wanted) && text.is_empty() == wanted.is_empty(), "{text}");
        };
        check(cors(&["*"]), "");
        check(cors(&["https://*", "http://localhost:3000"]), "");
        check(cors(&["a.example"]), "allowOrigins");
        check(cors(&["https://"]), "allowOrigins");
        check(cors(&["https://a\nb"]), "allowOrigins");
        check(Cors { allow_methods: vec!["get".into()], ..cors(&["*"]) }, "allowMethods");
        check(Cors { allow_headers: vec!["a b".into()], ..cors(&["*"]) }, "allowHeaders");
        check(Cors { expose_headers: vec!["".into()], ..cors(&["*"]) }, "exposeHeaders");
        check(Cors { allow_credentials: Some(true), ..cors(&["*"]) }, "allowCredentials");
        check(Cors { allow_credentials: Some(true), ..cors(&["https://a"]) }, "");
    }
}
