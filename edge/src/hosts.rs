//! Hosts that name what their paths begin with: `{bucket}.s3.localhost` and `{bucket}.localhost` for `/{bucket}`.

use std::borrow::Cow;

/// The name that resolves to this machine everywhere (RFC 6761).
const LOCALHOST: &str = "localhost";

/// A host's first part, which is the path's first segment, and the authority that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub name: String,
    /// `s3.localhost:4566` of `b.s3.localhost:4566`.
    pub authority: String,
}

/// What stands in front of the label (`{name}.<label>.*`), or in front of a name of our own (`{name}.localhost`). Names of
/// hosts have no case. A name may hold dots, also the label: the last label counts.
pub(crate) fn named(authority: &str, label: &str, own: Option<&str>) -> Option<Named> {
    let host = authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    // An address in brackets holds colons and no names.
    if host.contains(':') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    let of_label = lower.rfind(&format!(".{label}."));
    let at = of_label.or_else(|| of_own(&lower, label, own)).filter(|at| 0 < *at)?;
    let (name, rest) = (lower.get(..at)?.to_owned(), authority.get(at + 1..)?.to_owned());
    Some(Named { name, authority: rest })
}

/// Where what stands in front of a name of our own ends; the label itself is no name there.
fn of_own(host: &str, label: &str, own: Option<&str>) -> Option<usize> {
    let owns = own.filter(|own| own.parse::<std::net::IpAddr>().is_err()).into_iter().chain([LOCALHOST]);
    let before = |own: &str| host.strip_suffix(own)?.strip_suffix('.');
    let name = owns.into_iter().find_map(before)?;
    let is_label = name.split('.').next() == Some(label);
    (!is_label).then_some(name.len())
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The path that the request would have had by path. A bucket's own is `/bucket`.
pub(crate) fn path<'a>(named: Option<&Named>, path: &'a str) -> Cow<'a, str> {
    match named {
        None => path.into(),
        Some(Named { name, .. }) if path == "/" => format!("/{name}").into(),
        Some(Named { name, .. }) => format!("/{name}{path}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authority: &str, expected: Option<(&str, &str)>) {
        let found = named(authority, "s3", Some("cloud.example"));
        let found = found.as_ref().map(|named| (named.name.as_str(), named.authority.as_str()));
        assert_eq!(found, expected, "{authority}");
    }

    #[test]
    fn the_bucket_stands_in_front() {
        check("b.s3.localhost:4566", Some(("b", "s3.localhost:4566")));
        check("b.s3.us-east-1.amazonaws.com", Some(("b", "s3.us-east-1.amazonaws.com")));
        check("my.dotted.b.s3.any", Some(("my.dotted.b", "s3.any")));
        check("a.s3.b.s3.localhost", Some(("a.s3.b", "s3.localhost")));
        check("B.LocalHost:1", Some(("b", "LocalHost:1")));
        check("my.b.localhost", Some(("my.b", "localhost")));
        check("lambda.cloud.example:80", Some(("lambda", "cloud.example:80")));
    }

    #[test]
    fn other_hosts_name_none() {
        for host in ["s3.localhost:1", "s3.us-east-1.localhost", "localhost", "cloud.example", "other.example"] {
            check(host, None);
        }
        for host in ["127.0.0.1:4566", "[::1]:4566", ".localhost", ".s3.localhost", "", "s3.", "b.s3"] {
            check(host, None);
        }
    }

    #[test]
    fn the_name_is_the_first_segment() {
        let b = named("b.localhost", "s3", None);
        let of = |text: &'static str| path(b.as_ref(), text).into_owned();
        assert_eq!((of("/"), of("/k%20/"), of("//k")), ("/b".into(), "/b/k%20/".into(), "/b//k".into()));
        assert_eq!(path(None, "/b/k"), "/b/k");
    }
}
