//! `/_clearsky/metrics`: what the server measures, in the text form that Prometheus scrapes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use base::Region;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use service::metrics::{BOUNDS_US, Gauge, Subject};
use service::{Auth, Caller, Cx, Failure, Metrics, Plane, PlaneClaim, PlaneRequest, PlaneResponse, Platform, demand};
use subtle::ConstantTimeEq;

/// What the plane claims.
pub(crate) const CLAIMS: &[PlaneClaim] = &[PlaneClaim::Path("/_clearsky/metrics")];

/// The form of the text, as scrapers know it.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves the text to whoever may read the metrics of the server's own account: HTTP's basic authentication with an access key
/// of it that may `cloudwatch:GetMetricData`. Where a request comes from says nothing: functions are on the loopback, too.
pub(crate) struct Exposition;

impl Plane for Exposition {
    fn body_bytes_max(&self) -> usize {
        0
    }

    fn serve<'a>(&'a self, platform: &'a Arc<Platform>, request: PlaneRequest) -> BoxFuture<'a, PlaneResponse> {
        Box::pin(serve(platform, request))
    }
}

async fn serve(platform: &Arc<Platform>, request: PlaneRequest) -> PlaneResponse {
    if !request.id.is_empty() || request.path != "/" {
        return answer(StatusCode::NOT_FOUND, "There is nothing here.\n");
    }
    if request.method != Method::GET && request.method != Method::HEAD {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "The specified method is not allowed against this resource.\n");
    }
    if platform.settings.auth == Auth::Enforce {
        match permitted(platform, &request).await {
            Ok(()) => (),
            Err(Refusal::Unknown) => {
                let mut response = answer(StatusCode::UNAUTHORIZED, "An access key and its secret are needed.\n");
                let basic = HeaderValue::from_static("Basic realm=\"clearsky\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
                return response;
            }
            Err(Refusal::Denied(text)) => return answer(StatusCode::FORBIDDEN, format!("{text}\n")),
        }
    }
    answer(StatusCode::OK, text(&platform.metrics))
}

enum Refusal {
    Unknown,
    Denied(String),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Denied(failure.message)
    }
}

async fn permitted(platform: &Arc<Platform>, request: &PlaneRequest) -> Result<(), Refusal> {
    let caller = caller(platform, &request.headers).await?;
    if caller.account != platform.settings.account {
        return Err(Refusal::Denied("These metrics are those of another account.".into()));
    }
    let service = platform.service("cloudwatch").ok_or_else(|| Failure::defect("no service cloudwatch"))?;
    let mut cx = Cx::new(platform, service, caller, Region::DEFAULT, request.request_id.clone());
    cx.source_ip.clone_from(&request.source_ip);
    Ok(cx.demand(demand!(cloudwatch::GetMetricData(crate::dataset(&cx)))).await?)
}

/// Who a key and a secret in the header belong to.
async fn caller(platform: &Platform, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let decoded = basic.and_then(|basic| String::from_utf8(STANDARD.decode(basic.trim()).ok()?).ok());
    let (key, secret) = decoded.as_deref().and_then(|pair| pair.split_once(':')).ok_or(Refusal::Unknown)?;
    let found = platform.ports()?.identity.credentials(key, None).await?.map_err(|_| Refusal::Unknown)?;
    let is_right = found.secret_access_key.expose().as_bytes().ct_eq(secret.as_bytes());
    if bool::from(is_right) { Ok(found.caller) } else { Err(Refusal::Unknown) }
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> PlaneResponse {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(TEXT));
    response
}

/// How a metric of functions is shown: its name, the factor to the unit in it, what it means, whether its count is shown, too.
struct Shown {
    metric: &'static str,
    name: &'static str,
    factor: f64,
    help: &'static str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Counter,
    Summary,
}

const fn counter(metric: &'static str, name: &'static str, factor: f64, help: &'static str) -> Shown {
    Shown { metric, name, factor, help, form: Form::Counter }
}

const fn summary(metric: &'static str, name: &'static str, factor: f64, help: &'static str) -> Shown {
    Shown { metric, name, factor, help, form: Form::Summary }
}

const FUNCTIONS: [Shown; 9] = [
    counter("Invocations", "clearsky_function_invocations_total", 1.0, "Invocations of functions."),
    counter("Errors", "clearsky_function_errors_total", 1.0, "Invocations that ended in an error."),
    counter("Throttles", "clearsky_function_throttles_total", 1.0, "Invocations that found no room."),
    counter("ColdStarts", "clearsky_function_cold_starts_total", 1.0, "Invocations that started an environment."),
    counter("BilledMilliseconds", "clearsky_function_billed_seconds_total", 1e-3, "Time billed, loading included."),
    counter("GBSeconds", "clearsky_function_gigabyte_seconds_total", 1.0, "Memory size times time billed."),
    summary("Duration", "clearsky_function_duration_seconds", 1e-3, "How long functions ran."),
    summary("InitDuration", "clearsky_function_init_duration_seconds", 1e-3, "How long loading took."),
    summary("MemoryUsed", "clearsky_function_memory_used_bytes", 1_048_576.0, "The most memory of each invocation."),
];

/// All that the server measures.
fn text(metrics: &Metrics) -> String {
    let mut out = String::new();
    requests(metrics, &mut out);
    functions(metrics, &mut out);
    gauges(metrics, &mut out);
    out
}

fn requests(metrics: &Metrics, out: &mut String) {
    let all = metrics.requests.all();
    const NAME: &str = "clearsky_request_duration_seconds";
    head(out, NAME, "histogram", "Requests by service, operation and status, and how long they took.");
    for (request, durations) in all {
        let (operation, status) = (if request.operation.is_empty() { "-" } else { request.operation }, request.status);
        let labels = format!("service=\"{}\",operation=\"{operation}\",status=\"{status}\"", request.service);
        let mut seen = 0;
        for (bound, count) in BOUNDS_US.iter().zip(durations.buckets) {
            seen += count;
            let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"{}\"}} {seen}", *bound as f64 / 1e6);
        }
        let _ = writeln!(out, "{NAME}_bucket{{{labels},le=\"+Inf\"}} {}", durations.count);
        let _ = writeln!(out, "{NAME}_sum{{{labels}}} {}", durations.sum_us as f64 / 1e6);
        let _ = writeln!(out, "{NAME}_count{{{labels}}} {}", durations.count);
    }
}

fn functions(metrics: &Metrics, out: &mut String) {
    let mut totals = metrics.totals();
    totals.retain(|(subject, _)| subject.namespace == "AWS/Lambda");
    totals.sort_by_cached_key(|(subject, _)| labels(subject));
    for Shown { metric, name, factor, help, form } in FUNCTIONS {
        let kind = if form == Form::Counter { "counter" } else { "summary" };
        head(out, name, kind, help);
        for (subject, totals) in &totals {
            let Some(total) = totals.iter().find(|total| total.metric == metric) else { continue };
            let (labels, sum) = (labels(subject), total.sum * factor);
            let _ = match form {
                Form::Counter => writeln!(out, "{name}{{{labels}}} {sum}"),
                Form::Summary => {
                    writeln!(out, "{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {}", total.count)
                }
            };
        }
    }
    const NAME: &str = "clearsky_function_concurrent_executions";
    head(out, NAME, "gauge", "Invocations that are running now.");
    let at_work = metrics.at_work();
    for (subject, _) in &totals {
        let _ = writeln!(out, "{NAME}{{{}}} {}", labels(subject), at_work.get(subject).copied().unwrap_or_default());
    }
}

fn gauges(metrics: &Metrics, out: &mut String) {
    let mut by_name: BTreeMap<&str, Vec<Gauge>> = BTreeMap::new();
    for gauge in metrics.gauges() {
        by_name.entry(gauge.name).or_default().push(gauge);
    }
    for (name, gauges) in by_name {
        head(out, name, "gauge", gauges.first().map_or("", |gauge| gauge.help));
        for Gauge { labels, value, .. } in gauges {
            let labels: Vec<String> = labels.iter().map(|(name, value)| label(name, value)).collect();
            let _ = writeln!(out, "{name}{{{}}} {value}", labels.join(","));
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn labels(subject: &Subject) -> String {
    let Subject { scope, name, .. } = subject;
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    [label("account", account), label("region", region), label("function", name)].join(",")
}

fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}
