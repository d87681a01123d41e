//! Which operation of a model a request names.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;

use crate::facts::{Model, OperationFacts, Protocol};

/// Finds the operation of a request.
#[derive(Debug)]
pub struct Router {
    model: &'static Model,
    rest: Vec<Pattern>,
}

/// Labels of a path with their values.
type Labels = Vec<(&'static str, String)>;

/// An operation, the protocol that the request speaks, and the values of its path's labels.
#[derive(Debug)]
pub struct Route {
    pub operation: &'static OperationFacts,
    pub protocol: Protocol,
    pub labels: Labels,
}

#[derive(Debug)]
struct Pattern {
    operation: &'static OperationFacts,
    segments: Vec<Segment>,
    /// Constant query parameters; a value of `None` only has to be there.
    query: Vec<(&'static str, Option<&'static str>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    Greedy(&'static str),
}

impl Router {
    pub fn new(model: &'static Model) -> Self {
        let rest = match model.protocols.iter().any(|protocol| protocol.is_rest()) {
            true => model.operations.iter().map(Pattern::of).collect(),
            false => Vec::new(),
        };
        Self { model, rest }
    }

    /// The operation with this name: awsJson's target, query's Action, the end of an RPC path.
    pub fn named(&self, protocol: Protocol, name: &str) -> Option<Route> {
        let operation = self.model.operations.iter().find(|o| o.name == name)?;
        Some(Route { operation, protocol, labels: Vec::new() })
    }

    /// The operation that method, path and query name (rest). `has_header` says whether a header is there.
    pub fn rest(&self, method: &str, path: &str, query: &str, has_header: &dyn Fn(&str) -> bool) -> Option<Route> {
        let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut best: Option<(Score, &Pattern, Labels)> = None;
        for pattern in self.rest.iter().filter(|p| p.operation.http.method == method) {
            let Some(labels) = pattern.labels(path) else { continue };
            if !pattern.query_agrees(&parameters) {
                continue;
            }
            let score = pattern.score(&parameters, has_header);
            if best.as_ref().is_none_or(|(known, ..)| *known < score) {
                best = Some((score, pattern, labels));
            }
        }
        let (_, pattern, labels) = best?;
        let protocol = self.model.protocols.iter().copied().find(|protocol| protocol.is_rest())?;
        Some(Route { operation: pattern.operation, protocol, labels })
    }
}

/// What it has of what it needs, constant parameters, literal segments, needs: more is more specific.
type Score = (bool, usize, usize, usize);

/// Which of a model's protocols a request speaks; the one that the model prefers where it speaks none of them.
pub fn spoken(model: &Model, path: &str, query: &str, headers: &HeaderMap) -> Protocol {
    let speaks = |protocol: &Protocol| match protocol {
        Protocol::RpcV2Cbor => speaks_rpc(headers) || rpc_names(path).is_some(),
        Protocol::AwsJson10 | Protocol::AwsJson11 => headers.contains_key("x-amz-target"),
        Protocol::Query => has_form(headers) || form_urlencoded::parse(query.as_bytes()).any(|(k, _)| k == "Action"),
        Protocol::RestJson | Protocol::RestXml => true,
    };
    match model.protocols {
        [only] => *only,
        several => several.iter().copied().find(speaks).unwrap_or_else(|| model.protocol()),
    }
}

/// Whether a request says that it speaks Smithy RPC v2, as each one of it must.
pub fn speaks_rpc(headers: &HeaderMap) -> bool {
    headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor")
}

/// Whether the body is a form, as its headers say.
pub fn has_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The service and the operation that a path of Smithy RPC v2 names: `/service/{Service}/operation/{Operation}`, perhaps
/// behind a prefix.
pub fn rpc_names(path: &str) -> Option<(&str, &str)> {
    let mut segments = path.rsplit('/');
    let name = segments.next()?;
    let marked = segments.next()? == "operation";
    let service = segments.next()?;
    let fits = marked && segments.next()? == "service" && !service.is_empty();
    fits.then_some((service, name))
}

impl Pattern {
    fn of(operation: &'static OperationFacts) -> Self {
        let (path, query) = operation.http.uri.split_once('?').unwrap_or((operation.http.uri, ""));
        let segments = path.split('/').filter(|s| !s.is_empty()).map(Segment::of).collect();
        let constants = query.split('&').filter(|q| !q.is_empty());
        let query = constants.map(|q| q.split_once('=').map_or((q, None), |(k, v)| (k, Some(v)))).collect();
        Self { operation, segments, query }
    }

    fn labels(&self, path: &str) -> Option<Labels> {
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        let mut labels = Vec::new();
        for segment in &self.segments {
            if rest.is_empty() {
                return None;
            }
            let (head, tail) = rest.split_once('/').unwrap_or((rest, ""));
            match segment {
                Segment::Literal(text) if *text == head => rest = tail,
                Segment::Literal(_) => return None,
                Segment::Label(name) if !head.is_empty() => {
                    labels.push((*name, decode(head)));
                    rest = tail;
                }
                Segment::Label(_) => return None,
                Segment::Greedy(name) => {
                    labels.push((*name, decode(rest)));
                    rest = "";
                }
            }
        }
        rest.is_empty().then_some(labels)
    }

    fn query_agrees(&self, parameters: &[(String, String)]) -> bool {
        self.query.iter().all(|(name, value)| {
            parameters.iter().any(|(known, found)| known == name && value.is_none_or(|v| v == found))
        })
    }

    fn score(&self, parameters: &[(String, String)], has_header: &dyn Fn(&str) -> bool) -> Score {
        let needs = self.operation.http.needs;
        let has = |need: &&str| match need.strip_prefix('?') {
            Some(name) => parameters.iter().any(|(known, _)| known == name),
            None => has_header(need),
        };
        let literals = self.segments.iter().filter(|s| matches!(s, Segment::Literal(_))).count();
        (needs.iter().all(has), self.query.len(), literals, needs.len())
    }
}

impl Segment {
    fn of(text: &'static str) -> Self {
        match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => name.strip_suffix('+').map_or(Self::Label(name), Self::Greedy),
            None => Self::Literal(text),
        }
    }
}

/// Whether a path is text once it is decoded. Labels are made of it in any case.
pub fn is_text(path: &str) -> bool {
    percent_decode_str(path).decode_utf8().is_ok()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Http;
    use http::HeaderName;

    const fn operation(
        name: &'static str,
        method: &'static str,
        uri: &'static str,
        needs: &'static [&'static str],
    ) -> OperationFacts {
        OperationFacts::unsupported(name, Http { method, uri, status: 200, needs })
    }

    const MODEL_OF_NOTHING: Model = Model {
        service_id: "",
        signing_name: "",
        api_version: "",
        protocols: &[],
        target_prefix: "",
        xml_namespace: "",
        error_namespace: "",
        query_compatible: false,
        bare_errors: false,
        operations: &[],
    };

    static MODEL: Model = Model {
        service_id: "S3",
        signing_name: "s3",
        protocols: &[Protocol::RestXml],
        operations: &[
            operation("ListBuckets", "GET", "/", &[]),
            operation("GetBucketAcl", "GET", "/{Bucket}?acl", &[]),
            operation("ListObjects", "GET", "/{Bucket}", &[]),
            operation("ListObjectsV2", "GET", "/{Bucket}?list-type=2", &[]),
            operation("CopyObject", "PUT", "/{Bucket}/{Key+}", &["x-amz-copy-source"]),
            operation("PutObject", "PUT", "/{Bucket}/{Key+}", &[]),
            operation("UploadPart", "PUT", "/{Bucket}/{Key+}", &["?partNumber", "?uploadId"]),
        ],
        ..MODEL_OF_NOTHING
    };

    fn check(request: &str, headers: &[&str], expected: &str) {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let route = Router::new(&MODEL).rest(method, path, query, &|name| headers.contains(&name));
        let shown = route.map(|r| format!("{} {:?}", r.operation.name, r.labels));
        assert_eq!(shown.unwrap_or_default(), expected, "{request}");
    }

    #[test]
    fn the_most_specific_operation_wins() {
        check("GET /", &[], "ListBuckets []");
        check("GET /b", &[], r#"ListObjects [("Bucket", "b")]"#);
        check("GET /b/?acl", &[], r#"GetBucketAcl [("Bucket", "b")]"#);
        check("GET /b?list-type=2&prefix=x", &[], r#"ListObjectsV2 [("Bucket", "b")]"#);
        check("PUT /b/k%20/l", &[], r#"PutObject [("Bucket", "b"), ("Key", "k /l")]"#);
        check("PUT /b/k", &["x-amz-copy-source"], r#"CopyObject [("Bucket", "b"), ("Key", "k")]"#);
        check("PUT /b/k?partNumber=1&uploadId=2", &[], r#"UploadPart [("Bucket", "b"), ("Key", "k")]"#);
        check("PATCH /b", &[], "");
    }

    #[test]
    fn a_request_says_which_protocol_it_speaks() {
        const RPC: &str = "/service/Test/operation/Do";
        let spoken = |path: &str, query: &str, header: (&'static str, &'static str)| {
            let model =
                Model { protocols: &[Protocol::RpcV2Cbor, Protocol::AwsJson10, Protocol::Query], ..MODEL_OF_NOTHING };
            let headers = HeaderMap::from_iter([(HeaderName::from_static(header.0), header.1.parse().unwrap())]);
            super::spoken(&model, path, query, &headers)
        };
        assert_eq!(spoken(RPC, "", ("smithy-protocol", "rpc-v2-cbor")), Protocol::RpcV2Cbor);
        assert_eq!(spoken(RPC, "", ("accept", "*/*")), Protocol::RpcV2Cbor);
        assert_eq!(spoken("/", "", ("x-amz-target", "Test.Do")), Protocol::AwsJson10);
        assert_eq!(
            spoken("/", "", ("content-type", "application/x-www-form-urlencoded; charset=utf-8")),
            Protocol::Query
        );
        assert_eq!(spoken("/", "Version=1&Action=Do", ("accept", "*/*")), Protocol::Query);
        assert_eq!(spoken("/", "", ("accept", "*/*")), Protocol::RpcV2Cbor);
    }

    #[test]
    fn paths_of_smithy_rpc_name_service_and_operation() {
        assert_eq!(rpc_names("/service/Test/operation/Do"), Some(("Test", "Do")));
        assert_eq!(rpc_names("/before/it/service/Test/operation/Do"), Some(("Test", "Do")));
        for path in [
            "/",
            "/operation/Do",
            "/service//operation/Do",
            "/services/Test/operation/Do",
            "/service/Test/operations/Do",
        ] {
            assert_eq!(rpc_names(path), None, "{path}");
        }
    }

    #[test]
    fn paths_are_text_or_not() {
        assert!(is_text("/a/%C3%A9") && is_text("/%2F%00"));
        assert!(!is_text("/a/%ff") && !is_text("/%C3"));
    }
}
