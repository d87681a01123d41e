//! Recognising a request: a plane's, or a service's, by one ordered list of rules.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method};
use service::{Form, HostStyle, Plane, PlaneClaim, Platform, Service};
use sigv4::Presented;
use wire::{Protocol, Route, Router};

use crate::hosts::{self, Named};

/// Every service of a platform with its router.
pub(crate) struct Detector {
    served: Vec<Served>,
    /// The host of the public URL.
    own: Option<String>,
}

pub(crate) struct Served {
    pub service: Arc<Service>,
    pub router: Router,
}

/// Raw HTTP for a plane.
pub(crate) struct Claimed {
    pub service: &'static str,
    pub plane: &'static dyn Plane,
    pub id: String,
    pub form: Form,
    /// The raw path behind the id.
    pub path: String,
}

/// The rule that recognised a service; for the trace.
pub(crate) type Rule = &'static str;

/// The rule that nothing else said whose request it is.
pub(crate) const REST: Rule = "rest";

impl Detector {
    pub fn new(platform: &Platform) -> Self {
        let served = platform
            .services
            .iter()
            .map(|service| Served { service: Arc::clone(service), router: Router::new(service.model) });
        let url: Option<http::Uri> = platform.settings.public_url.parse().ok();
        Self { served: served.collect(), own: url.and_then(|url| url.host().map(str::to_ascii_lowercase)) }
    }

    /// What the host says of a service's path.
    pub fn named(&self, served: &Served, authority: &str) -> Option<Named> {
        served.service.hosts.iter().find_map(|style| match style {
            HostStyle::FirstSegment(label) => hosts::named(authority, label, self.own.as_deref()),
            HostStyle::Label(_) | HostStyle::Any => None,
        })
    }

    /// The plane that claims a request, if one does.
    pub fn plane(&self, parts: &Parts, authority: &str) -> Option<Claimed> {
        let path = parts.uri.path();
        let mut planes = self.served.iter().filter_map(|served| Some((served.service.name, served.service.plane?)));
        planes.find_map(|(service, (claims, plane))| {
            claims.iter().find_map(|claim| match claim {
                PlaneClaim::Host(label) => {
                    let (id, rest) = authority.split_once('.')?;
                    let (named, _) = rest.split_once('.')?;
                    // Names of hosts have no case.
                    let fits = named.eq_ignore_ascii_case(label) && !id.is_empty();
                    let id = || id.to_ascii_lowercase();
                    fits.then(|| Claimed { service, plane, id: id(), form: Form::Host, path: path.to_owned() })
                }
                PlaneClaim::Path(prefix) => {
                    let rest = path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                    let rest = rest.strip_prefix('/').unwrap_or(rest);
                    let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
                    Some(Claimed { service, plane, id: id.to_owned(), form: Form::Path, path: format!("/{rest}") })
                }
            })
        })
    }

    /// The service that a request is for. The rules in order: target, the path of Smithy RPC v2, credential scope, presigned V2, what a broken
    /// credential names, host, Action (in the query or in `form`), path, whoever takes the rest.
    pub fn service(
        &self,
        parts: &Parts,
        presented: Option<&Presented>,
        authority: &str,
        form: &[u8],
    ) -> Option<(&Served, Rule)> {
        self.by_target(parts)
            .map(|served| (served, "target"))
            .or_else(|| self.by_rpc(parts).map(|served| (served, "rpc path")))
            .or_else(|| self.by_scope(parts, presented).map(|served| (served, "scope")))
            .or_else(|| self.by_broken_scope(parts, presented).map(|served| (served, "broken scope")))
            .or_else(|| self.by_host(authority).map(|served| (served, "host")))
            .or_else(|| self.by_action(parts, form).map(|served| (served, "action")))
            .or_else(|| self.by_path(parts).map(|served| (served, "path")))
            .or_else(|| self.rest().map(|served| (served, REST)))
    }

    /// Whether any service signs by this name.
    pub fn serves(&self, signing_name: &str) -> bool {
        self.served.iter().any(|served| served.service.model.signing_name == signing_name)
    }

    fn by_target(&self, parts: &Parts) -> Option<&Served> {
        let target = parts.headers.get("x-amz-target")?.to_str().ok()?;
        let (prefix, _) = target.split_once('.').filter(|(prefix, _)| !prefix.is_empty())?;
        self.served.iter().find(|served| served.service.model.target_prefix == prefix)
    }

    fn by_rpc(&self, parts: &Parts) -> Option<&Served> {
        let (named, _) = wire::rpc_names(parts.uri.path()).filter(|_| wire::speaks_rpc(&parts.headers))?;
        let models = self.served.iter().filter(|served| served.service.model.speaks(Protocol::RpcV2Cbor));
        models.into_iter().find(|served| served.service.model.target_prefix == named)
    }

    fn by_scope(&self, parts: &Parts, presented: Option<&Presented>) -> Option<&Served> {
        let presented = presented?;
        let Some(scope) = presented.scope() else {
            return self.served.iter().find(|s| s.service.signing.versions == sigv4::Versions::V4AndPresignedV2);
        };
        self.signing_as(&scope.service, parts.uri.path())
    }

    /// A credential that cannot be read may still say which service refuses it.
    fn by_broken_scope(&self, parts: &Parts, presented: Option<&Presented>) -> Option<&Served> {
        if presented.is_some() {
            return None;
        }
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let credential = match header.and_then(|text| text.split_once("Credential=")) {
            Some((_, rest)) => rest.split(',').next().unwrap_or_default().to_owned(),
            None => parameter(parts.uri.query()?.as_bytes(), "X-Amz-Credential")?,
        };
        credential.split('/').skip(1).find_map(|part| self.signing_as(part.trim(), parts.uri.path()))
    }

    fn signing_as(&self, name: &str, path: &str) -> Option<&Served> {
        let named: Vec<&Served> =
            self.served.iter().filter(|served| served.service.model.signing_name == name).collect();
        let by_path = named.iter().find(|s| s.service.paths.iter().any(|prefix| path.starts_with(prefix)));
        by_path.or(named.first()).copied()
    }

    fn by_host(&self, authority: &str) -> Option<&Served> {
        let (label, _) = authority.split_once('.')?;
        let is_named = |style: &HostStyle| matches!(style, HostStyle::Label(known) if *known == label);
        self.served.iter().find(|served| served.service.hosts.iter().any(is_named))
    }

    /// Query services are asked by GET too.
    fn by_action(&self, parts: &Parts, form: &[u8]) -> Option<&Served> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let action = parameter(form, "Action").or_else(|| parameter(query, "Action"))?;
        let queries = self.served.iter().filter(|served| served.service.model.speaks(Protocol::Query));
        queries.into_iter().find(|served| served.router.named(Protocol::Query, &action).is_some())
    }

    /// Paths of a service where an operation of it is.
    fn by_path(&self, parts: &Parts) -> Option<&Served> {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        self.served.iter().find(|served| {
            served.service.paths.iter().any(|prefix| path.starts_with(prefix))
                && served.router.rest(parts.method.as_str(), path, query, &|_| true).is_some()
        })
    }

    fn rest(&self) -> Option<&Served> {
        self.served.iter().find(|served| served.service.hosts.contains(&HostStyle::Any))
    }
}

impl Served {
    /// The protocol that a request speaks with this service.
    pub fn spoken(&self, parts: &Parts) -> Protocol {
        let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
        wire::spoken(self.service.model, path, query, &parts.headers)
    }

    /// Whether the request is for another API of AWS that signs by the same name (API Gateway's first version, DynamoDB
    /// Streams).
    pub fn is_foreign(&self, parts: &Parts) -> bool {
        let paths = self.service.paths;
        let dated = |prefix: &str| {
            let version = prefix.rsplit_once('_').map_or("", |(_, version)| version);
            let dated = version.len() == 8 && version.bytes().all(|digit| digit.is_ascii_digit());
            dated && prefix != self.service.model.target_prefix
        };
        match self.spoken(parts) {
            Protocol::RestJson => !paths.is_empty() && !paths.iter().any(|prefix| parts.uri.path().starts_with(prefix)),
            Protocol::AwsJson10 | Protocol::AwsJson11 => {
                let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or_default();
                dated(target.split('.').next().unwrap_or_default())
            }
            Protocol::RpcV2Cbor => wire::rpc_names(parts.uri.path()).is_some_and(|(named, _)| dated(named)),
            Protocol::Query | Protocol::RestXml => false,
        }
    }

    /// The operation at a path, which the host may have had a part in. The body is that of a request whose body is not streamed, or empty.
    pub fn route(&self, parts: &Parts, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Route, String> {
        let query = parts.uri.query().unwrap_or("");
        let protocol = self.spoken(parts);
        match protocol {
            Protocol::AwsJson10 | Protocol::AwsJson11 => {
                let target = parts.headers.get("x-amz-target").and_then(|v| v.to_str().ok()).unwrap_or("");
                let named =
                    target.strip_prefix(self.service.model.target_prefix).and_then(|rest| rest.strip_prefix('.'));
                named
                    .and_then(|name| self.router.named(protocol, name))
                    .ok_or_else(|| format!("Unknown operation: {target}"))
            }
            Protocol::RpcV2Cbor => {
                let named = wire::rpc_names(path).filter(|_| wire::speaks_rpc(headers));
                let named = named.filter(|(service, _)| *service == self.service.model.target_prefix);
                let found = named.and_then(|(_, name)| self.router.named(protocol, name));
                found.ok_or_else(|| format!("Unknown operation: {path}"))
            }
            Protocol::Query => {
                let action = parameter(body, "Action").or_else(|| parameter(query.as_bytes(), "Action"));
                let action = action.unwrap_or_default();
                let version = parameter(body, "Version").or_else(|| parameter(query.as_bytes(), "Version"));
                // Who names no version means the only one there is.
                let version = version.unwrap_or_else(|| self.service.model.api_version.to_owned());
                let found = self.router.named(protocol, &action).filter(|_| version == self.service.model.api_version);
                found.ok_or_else(|| format!("Could not find operation {action} for version {version}"))
            }
            Protocol::RestJson | Protocol::RestXml => {
                let has_header = |name: &str| headers.contains_key(name);
                let route = self.router.rest(parts.method.as_str(), path, query, &has_header);
                route.ok_or_else(|| match protocol {
                    // S3's words for it.
                    Protocol::RestXml => "The specified method is not allowed against this resource.".into(),
                    _ => format!("No operation of {} is at {} {path}", self.service.model.service_id, parts.method),
                })
            }
        }
    }
}

/// Whether the body is a form: what query services are sent, and S3 never is.
pub(crate) fn is_form(parts: &Parts) -> bool {
    parts.method == Method::POST && wire::has_form(&parts.headers)
}

fn parameter(form: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(form).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}
