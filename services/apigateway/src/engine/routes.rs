//! Route keys, and which route takes a request.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::DEFAULT;

/// The methods a route key may name.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// A parsed route key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RouteKey {
    Default,
    Path { method: String, segments: Vec<Segment> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Static(String),
    /// `{name}`: one segment, not empty.
    Parameter(String),
    /// `{name+}`: all that is left, not empty.
    Greedy(String),
}

/// Path parameters by name.
pub(crate) type Parameters = BTreeMap<String, String>;

impl RouteKey {
    /// None where the text is no route key of an HTTP API.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == DEFAULT {
            return Some(Self::Default);
        }
        let (method, path) = text.split_once(' ')?;
        if !METHODS.contains(&method) {
            return None;
        }
        let segments: Vec<Segment> = path.strip_prefix('/')?.split('/').map(Segment::parse).collect::<Option<_>>()?;
        let greedy = segments.iter().position(|segment| matches!(segment, Segment::Greedy(_)));
        let greedy_is_last = greedy.is_none_or(|at| at + 1 == segments.len());
        let mut names: Vec<&str> = segments.iter().filter_map(Segment::name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        (greedy_is_last && names.len() == count).then(|| Self::Path { method: method.to_owned(), segments })
    }

    /// The parameters, if this route takes the request. The path is decoded.
    fn take(&self, method: &str, path: &str) -> Option<Parameters> {
        let Self::Path { method: wanted, segments } = self else { return Some(Parameters::new()) };
        if wanted != "ANY" && wanted != method {
            return None;
        }
        let mut parameters = Parameters::new();
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in segments {
            let left = rest?;
            let (here, behind) = match left.split_once('/') {
                Some((here, behind)) => (here, Some(behind)),
                None => (left, None),
            };
            rest = behind;
            match segment {
                Segment::Static(text) if text == here => (),
                Segment::Parameter(name) if !here.is_empty() => {
                    parameters.insert(name.clone(), here.to_owned());
                }
                Segment::Greedy(name) if !left.is_empty() => {
                    parameters.insert(name.clone(), left.to_owned());
                    return Some(parameters);
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(parameters)
    }

    /// Less is more specific: fixed segments before parameters before greedy ones, from the left; a method before ANY;
    /// `$default` last (docs).
    fn rank(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Default, Self::Default) => Ordering::Equal,
            (Self::Default, _) => Ordering::Greater,
            (_, Self::Default) => Ordering::Less,
            (Self::Path { method, segments }, Self::Path { method: other_method, segments: other_segments }) => {
                let shape = |segments: &[Segment]| segments.iter().map(Segment::rank).collect::<Vec<_>>();
                let any = |method: &str| method == "ANY";
                shape(segments).cmp(&shape(other_segments)).then(any(method).cmp(&any(other_method)))
            }
        }
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return (!text.contains(['{', '}', ' '])).then(|| Self::Static(text.to_owned()));
        };
        let (name, greedy) = inner.strip_suffix('+').map_or((inner, false), |name| (name, true));
        let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let name = name.to_owned();
        valid.then_some(if greedy { Self::Greedy(name) } else { Self::Parameter(name) })
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Static(_) => None,
            Self::Parameter(name) | Self::Greedy(name) => Some(name),
        }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Static(_) => 0,
            Self::Parameter(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

/// The most specific route that takes the request, and its path parameters.
pub(crate) fn find<'a, R>(
    routes: &'a [R],
    key: impl Fn(&R) -> &str,
    method: &str,
    path: &str,
) -> Option<(&'a R, Parameters)> {
    let taking = routes.iter().filter_map(|route| {
        let parsed = RouteKey::parse(key(route))?;
        parsed.take(method, path).map(|parameters| (route, parsed, parameters))
    });
    let best = taking.min_by(|(_, one, _), (_, other, _)| one.rank(other));
    best.map(|(route, _, parameters)| (route, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &[&str] = &[
        "$default",
        "ANY /{proxy+}",
        "GET /pets/dog/1",
        "GET /pets/dog/{id}",
        "GET /pets/{proxy+}",
        "ANY /pets/{kind}/{id}",
        "POST /pets",
        "ANY /pets",
        "GET /",
        "GET /a/{x}/c",
        "GET /a/b/{y}",
        "GET /{first}/b/c",
    ];

    fn check(request: &str, wanted: &str) {
        let (method, path) = request.split_once(' ').unwrap();
        let shown = match find(ROUTES, |route| route, method, path) {
            Some((route, parameters)) if parameters.is_empty() => (*route).to_owned(),
            Some((route, parameters)) => format!("{route} {}", serde_json::to_string(&parameters).unwrap()),
            None => "none".into(),
        };
        assert_eq!(shown, wanted, "{request}");
    }

    #[test]
    fn the_most_specific_route_takes_the_request() {
        check("GET /pets/dog/1", "GET /pets/dog/1");
        check("GET /pets/dog/2", r#"GET /pets/dog/{id} {"id":"2"}"#);
        check("GET /pets/cat", r#"GET /pets/{proxy+} {"proxy":"cat"}"#);
        check("GET /pets/cat/1", r#"ANY /pets/{kind}/{id} {"id":"1","kind":"cat"}"#);
        check("POST /pets/dog/1", r#"ANY /pets/{kind}/{id} {"id":"1","kind":"dog"}"#);
        check("GET /pets/a/b/c", r#"GET /pets/{proxy+} {"proxy":"a/b/c"}"#);
        check("POST /pets", "POST /pets");
        check("GET /pets", "ANY /pets");
        check("GET /", "GET /");
        check("POST /", "$default");
        check("POST /pets/a", r#"ANY /{proxy+} {"proxy":"pets/a"}"#);
        check("DELETE /x/y", r#"ANY /{proxy+} {"proxy":"x/y"}"#);
        check("GET /pets/", r#"ANY /{proxy+} {"proxy":"pets/"}"#);
        check("GET /a/b/c", r#"GET /a/b/{y} {"y":"c"}"#);
        check("GET /a/z/c", r#"GET /a/{x}/c {"x":"z"}"#);
        check("GET /q/b/c", r#"GET /{first}/b/c {"first":"q"}"#);
        check("GET /PETS", r#"ANY /{proxy+} {"proxy":"PETS"}"#);
    }

    #[test]
    fn without_a_default_route_some_requests_have_none() {
        let routes = ["GET /a", "GET /b/{id}", "POST /{proxy+}"];
        for (method, path) in [("POST", "/"), ("PUT", "/a"), ("GET", "/a/"), ("GET", "/b/"), ("GET", "/b"), ("GET", "")]
        {
            assert!(find(&routes, |route| route, method, path).is_none(), "{method} {path}");
        }
    }

    #[test]
    fn route_keys_are_methods_with_paths() {
        for key in ["$default", "GET /", "ANY /{proxy+}", "PUT /a/{b}/{c+}", "GET /a-b_c.d/{x.y-z}"] {
            assert!(RouteKey::parse(key).is_some(), "{key}");
        }
        let wrong = [
            "",
            "GET",
            "/a",
            "get /a",
            "GET a",
            "GET /{a+}/b",
            "GET /{}",
            "GET /a{b}",
            "TRACE /",
            "GET /{a}/{a}",
            "GET  /a",
        ];
        for key in wrong {
            assert!(RouteKey::parse(key).is_none(), "{key}");
        }
    }
}
