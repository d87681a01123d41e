//! The life of a request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use base::Region;
use bytes::Bytes;
use futures::FutureExt;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming as HyperBody;
use service::{Asked, Cx, Failure, Form, HttpRequest, Incoming, Platform, Reply, Service, Step, Trace, Traced, enter};
use sigv4::{Payload, Presented, RequestView, SigError};
use wire::Route;

use crate::arriving::Arriving;
use crate::body::{self, Unread};
use crate::detect::{Detector, REST, Served, is_form};
use crate::hosts;
use crate::plane::{self, Known, message};
use crate::respond::{Body, respond};
use crate::{absent, authn};

/// Serves the requests of one platform.
pub struct Edge {
    platform: Arc<Platform>,
    detector: Detector,
}

/// An unsigned form: no operation that takes one is larger (STS with a SAML assertion: 100,000 characters, encoded).
const FORM_BYTES_MAX: usize = 1024 * 1024;

/// What stands for the operation of a request that a plane serves.
const PLANE: &str = "HTTP";

/// What the access log says of a request beside its line.
#[derive(Default)]
struct Account {
    trace: Trace,
    service: &'static str,
    operation: &'static str,
    asked: Option<Asked>,
    error: Option<&'static str>,
    message: Option<String>,
}

impl Edge {
    pub fn new(platform: Arc<Platform>) -> Arc<Self> {
        let detector = Detector::new(&platform);
        Arc::new(Self { platform, detector })
    }

    /// Answers one request, whatever happens inside.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<HyperBody>,
        peer: SocketAddr,
    ) -> Result<Response<Body>, Infallible> {
        let request_id = self.platform.ids.uuid();
        let line = format!("{} {}", request.method(), request.uri().path());
        let mut account = Account::default();
        let served = AssertUnwindSafe(self.serve(request, peer, &request_id, &mut account)).catch_unwind().await;
        let response = served.unwrap_or_else(|_| {
            tracing::error!(request_id, line, "a request panicked");
            message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        });
        let Account { trace, service, operation, asked, error, message } = account;
        self.platform.answered(Traced {
            request_id,
            parent: asked.as_ref().and_then(|asked| asked.caller.because_of.clone()),
            at: self.platform.clock.now(),
            line,
            service,
            operation,
            status: response.status().as_u16(),
            error,
            message,
            duration_us: trace.elapsed_us(),
            asked,
            trace,
        });
        Ok(response)
    }

    async fn serve(
        &self,
        request: Request<HyperBody>,
        peer: SocketAddr,
        request_id: &str,
        account: &mut Account,
    ) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = Arriving::new(&parts, body);
        let authority = authority(&parts);
        if lacks_host(&parts) {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        }
        if let Some(claimed) = self.detector.plane(&parts, &authority) {
            (account.service, account.operation) = (claimed.service, PLANE);
            let rule = if claimed.form == Form::Host { "host" } else { "path" };
            account.trace.note(Step::Recognised { rule, service: claimed.service, operation: PLANE });
            let source_ip = source_ip(peer);
            let known = Known { request_id: request_id.to_owned(), source_ip, authority };
            return plane::serve(&self.platform, claimed, parts, body, known).await;
        }
        if parts.method == Method::GET && parts.uri.path() == "/_clearsky/health" {
            account.service = "health";
            return message(StatusCode::OK, "ok");
        }
        let presented = Presented::from_request(&RequestView::of(&parts));
        let known = presented.as_ref().ok().and_then(Option::as_ref);
        let scoped = known.and_then(Presented::scope).is_some_and(|scope| self.detector.serves(&scope.service));
        let body = match !scoped && is_form(&parts) {
            true => Content::Whole(body::whole(body, FORM_BYTES_MAX).await.unwrap_or_default()),
            false => Content::Arriving(body),
        };
        let found = self.detector.service(&parts, known, &authority, body.form());
        let recognised = scoped || found.is_some_and(|(_, rule)| rule != REST);
        if let Some(service) = absent::service(&parts, known).filter(|_| !recognised) {
            account.service = "absent";
            return absent::answer(&parts, service, request_id);
        }
        let Some((served, rule)) = found else {
            return message(StatusCode::NOT_FOUND, "No service recognises this request");
        };
        account.service = served.service.name;
        let hoisted = presented.as_ref().ok().and_then(|presented| hoisted(&parts, presented.as_ref()));
        let headers = hoisted.as_ref().unwrap_or(&parts.headers);
        let named = self.detector.named(served, &authority);
        let path = hosts::path(named.as_ref(), parts.uri.path());
        let arrived = Arrived {
            parts: &parts,
            headers,
            authority: named.as_ref().map_or(authority.as_str(), |named| named.authority.as_str()),
            named: named.as_ref().map(|named| named.name.as_str()),
            path: &path,
            peer,
            request_id,
            rule,
        };
        let reply = self.operate(served, arrived, &presented, body, account).await;
        let protocol = served.spoken(&parts);
        let reply =
            reply.unwrap_or_else(|failure| Reply::failure(&served.service, protocol, &failure, request_id, &path));
        (account.error, account.message) = (reply.error, reply.message.clone());
        respond(reply, &parts.method)
    }

    /// From a recognised service to its answer.
    async fn operate(
        &self,
        served: &Served,
        arrived: Arrived<'_>,
        presented: &Result<Option<Presented>, SigError>,
        body: Content,
        account: &mut Account,
    ) -> Result<Reply, Failure> {
        let Arrived { parts, headers, authority, named, path, peer, request_id, rule } = arrived;
        let service = &served.service;
        let early = match served.spoken(parts).is_rest() {
            true => served.route(parts, path, headers, &[]).ok(),
            false => None,
        };
        let streams = early.as_ref().is_some_and(|route| route.operation.streams_in());
        let (bytes, stream) = match body {
            Content::Arriving(body) if streams => (Bytes::new(), Some(body)),
            Content::Arriving(body) => (self.whole(served, body).await?, None),
            Content::Whole(bytes) => (bytes, None),
        };
        let payload = if stream.is_some() { Payload::Streamed } else { Payload::Buffered(&bytes) };
        let plain = unpacked(served, parts, &bytes)?;
        let route = early.map_or_else(|| served.route(parts, path, headers, &plain), Ok);
        account.operation = route.as_ref().map_or("", |route| route.operation.name);
        if matches!(presented, Ok(None)) {
            absent_to_all(served, account.operation)?;
        }
        let authenticated = authn::authenticate(&self.platform, service, (parts, named), presented, payload).await;
        let authenticated = authenticated.inspect_err(|failure| {
            let why = format!("{}: {}", failure.facts.code, failure.message);
            account.trace.note(Step::Refused { why });
        })?;

        let route: Route = route.map_err(|text| match served.is_foreign(parts) {
            true => Failure::not_implemented(format!("The API of {} {}", parts.method, parts.uri.path())),
            false => Failure::new(&service.errors.unknown_operation, text),
        })?;
        let presented = presented.as_ref().ok().and_then(Option::as_ref);
        let incoming = match stream {
            Some(body) => body::streamed(body, headers, authenticated.verified.as_ref())?,
            None => Incoming::empty(),
        };
        let region = presented.and_then(Presented::scope).map_or(Region::DEFAULT, |scope| scope.region.as_str());
        let mut cx = Cx::new(&self.platform, service, authenticated.caller, region, request_id.to_owned());
        cx.base_url = base_url(&self.platform.settings.public_url, authority);
        cx.source_ip = source_ip(peer);
        cx.user_agent = parts.headers.get(http::header::USER_AGENT).and_then(|v| v.to_str().ok()).map(str::to_owned);
        cx.trace = account.trace.clone();
        cx.note(Step::Recognised { rule, service: service.name, operation: route.operation.name });
        cx.note(Step::Called { by: cx.caller.principal.name() });
        if let Some(why) = authenticated.wrong {
            tracing::warn!(request_id, "let through: {why}");
            cx.note(Step::LetThrough { why, statement: None });
        }
        let (query, resource) = (parts.uri.query().unwrap_or(""), path);
        let request = HttpRequest { route: &route, query, headers, body: plain, incoming, resource };
        let reply = enter(&cx, request).await;
        account.asked = Some(Asked::of(cx));
        Ok(reply)
    }

    async fn whole(&self, served: &Served, body: Arriving) -> Result<Bytes, Failure> {
        body::whole(body, served.service.body_bytes_max).await.map_err(|unread| unreadable(served, &unread))
    }
}

fn unreadable(served: &Served, unread: &Unread) -> Failure {
    let Service { model, errors, body_bytes_max: max, .. } = served.service.as_ref();
    match unread {
        Unread::TooLarge => {
            let text = format!("Request must be smaller than {max} bytes for the {} operation", model.service_id);
            Failure::new(&errors.too_large, text)
        }
        Unread::Broken => Failure::new(&errors.malformed, "The request's body did not arrive whole."),
    }
}

/// The body that was signed, unpacked. In REST protocols a content encoding belongs to what is stored.
fn unpacked(served: &Served, parts: &Parts, bytes: &Bytes) -> Result<Bytes, Failure> {
    if served.spoken(parts).is_rest() {
        return Ok(bytes.clone());
    }
    let max = served.service.body_bytes_max;
    body::unpacked(bytes, &parts.headers, max).map_err(|unread| unreadable(served, &unread))
}

/// A request's body: on its way, or read to find out whom it is for.
enum Content {
    Arriving(Arriving),
    Whole(Bytes),
}

impl Content {
    fn form(&self) -> &[u8] {
        match self {
            Self::Arriving(_) => &[],
            Self::Whole(bytes) => bytes,
        }
    }
}

/// Some operations of AWS need no signature: those that are not here say so, rather than ask for one.
fn absent_to_all(served: &Served, name: &str) -> Result<(), Failure> {
    let here = served.service.operations.iter().any(|entry| entry.facts.name == name);
    if here || name.is_empty() { Ok(()) } else { Err(Failure::not_implemented(format!("The operation {name}"))) }
}

/// HTTP/1.1 names the host exactly once (RFC 9112, 3.2).
fn lacks_host(parts: &Parts) -> bool {
    parts.version == http::Version::HTTP_11 && parts.headers.get_all(http::header::HOST).iter().count() != 1
}

/// A request's head and how it came.
struct Arrived<'a> {
    parts: &'a Parts,
    /// With those that a presigned URL carries in its query.
    headers: &'a HeaderMap,
    /// Without what the host says of the path.
    authority: &'a str,
    /// What the host says of the path: its first segment.
    named: Option<&'a str>,
    /// With it.
    path: &'a str,
    peer: SocketAddr,
    request_id: &'a str,
    rule: &'static str,
}

/// Parameters of a presigned query that are no headers: those about the signature itself, and what presigners that have no
/// body yet claim of its checksum, which S3 does not look at (observed by others: aws/aws-sdk#480, localstack#12169).
const NO_HEADERS: &[&str] = &[
    "x-amz-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// Presigners move `x-amz-*` headers into the query, Version 2 the content type too: there they count as headers. `None` where
/// there are none.
fn hoisted(parts: &Parts, presented: Option<&Presented>) -> Option<HeaderMap> {
    presented.filter(|presented| presented.is_presigned())?;
    let mut headers = None;
    for (name, value) in form_urlencoded::parse(parts.uri.query()?.as_bytes()) {
        let name = name.to_lowercase();
        let is_header = name == "content-type" || name == "content-md5" || name.starts_with("x-amz-");
        if !is_header || NO_HEADERS.contains(&name.as_str()) || parts.headers.contains_key(&name) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
            headers.get_or_insert_with(|| parts.headers.clone()).append(name, value);
        }
    }
    headers
}

/// An address of IPv4 is shown as such, also where it came over a listener of IPv6.
fn source_ip(peer: SocketAddr) -> String {
    peer.ip().to_canonical().to_string()
}

/// The authority that a request names.
fn authority(parts: &Parts) -> String {
    let host = parts.headers.get(http::header::HOST).and_then(|v| v.to_str().ok());
    host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or("").to_owned()
}

/// URLs in answers start with the authority that the request named, with the scheme of the public URL.
fn base_url(public_url: &str, authority: &str) -> String {
    match public_url.split_once("://") {
        Some((scheme, _)) if !authority.is_empty() => format!("{scheme}://{authority}"),
        _ => public_url.to_owned(),
    }
}
