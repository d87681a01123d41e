//! Starting an environment: the role's session, the unpacked package, variables, then the isolation.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use exec::{Deployed, Environment, Limits, Plan, Runtime};
use service::Platform;
use service::ports::Session;
use tokio::sync::OwnedSemaphorePermit;

use crate::engine::cache::CacheError;
use crate::engine::logs::LogStream;
use crate::engine::pool::{Place, Running};
use crate::engine::{Functions, Job};
use crate::errors::Error;
use crate::model::Function;

/// Who functions are run by, as roles trust it.
pub(crate) const PRINCIPAL: &str = "lambda.amazonaws.com";

impl Functions {
    /// Starts an environment for a job's function.
    pub(crate) async fn start(
        &self,
        platform: &Arc<Platform>,
        job: &Job,
        place: Place,
        room: OwnedSemaphorePermit,
    ) -> Result<Running, Error> {
        let Job { target, function, invocation: _, share: _ } = job;
        let runtime = self.runtime(&function.runtime).await;
        let runtime = runtime.map_err(|_| Error::RuntimeGone(function.runtime.clone()))?;
        let stand_in = Some(&runtime).filter(|runtime| runtime.name != function.runtime).cloned();
        let session = assume(platform, function).await?;
        let now = platform.clock.now();
        let code = self.cache.unpacked(&function.code, &platform.blobs, &platform.ids, now).await;
        let code = code.map_err(missing)?;
        let layers = match function.layers.as_slice() {
            [] => None,
            layers => {
                let unpacked = self.cache.layers(layers, &platform.blobs, &platform.ids, now).await;
                Some(unpacked.map_err(missing)?)
            }
        };
        let region = target.scope.region.to_string();
        let name = stream_name(now, &function.version_name(), &platform.ids.uuid());
        let stream = LogStream::new(session.caller.clone(), region.clone(), target.log_group(), name);
        let env = variables(function, &session, &region, &platform.settings.public_url);
        let deployed = deployed(function, runtime, &stream, code.folder().to_owned(), env);
        let deployed = Deployed { layers: layers.as_ref().map(|layers| layers.folder().to_owned()), ..deployed };
        let limits = Limits::of(&deployed);
        let init_max = limits.init;
        let environment = self.environment(&deployed, limits, now).await?;
        Ok(Running {
            environment,
            place,
            generation: function.generation.clone(),
            _code: code,
            _layers: layers,
            stream: Arc::new(stream),
            access_key_id: session.access_key_id,
            expires: session.expires,
            init_max,
            stand_in,
            idle_since: platform.clock.now(),
            _room: room,
        })
    }

    /// From a booted interpreter if one waits, else from nothing.
    async fn environment(&self, f: &Deployed, limits: Limits, now: Timestamp) -> Result<Box<dyn Environment>, Error> {
        let _start = self.starts.acquire().await.map_err(|error| Error::Platform(error.to_string()))?;
        let blank = match Plan::of(f) {
            Plan::Pooled(key) => self.blanks.take(&key, now),
            Plan::Fresh(reason) => {
                tracing::debug!(function = f.function_name, "started from nothing: {reason}");
                None
            }
        };
        if let Some(blank) = blank {
            match self.isolation.specialise(blank, f, limits.clone()).await {
                Ok(environment) => return Ok(environment),
                Err(error) => tracing::warn!("a booted interpreter could not take a function: {error}"),
            }
        }
        self.isolation.start(f, limits).await.map_err(|error| Error::Platform(error.to_string()))
    }
}

/// A package that is gone was replaced since the record was read.
fn missing(error: CacheError) -> Error {
    match error {
        CacheError::Gone(_) => Error::Superseded,
        other => service::Failure::internal(other).into(),
    }
}

/// A session of the function's role. A role that is gone or trusts Lambda no more is the client's to mend.
async fn assume(platform: &Arc<Platform>, function: &Function) -> Result<Session, Error> {
    let assumed = platform.ports()?.identity.assume(&function.role, PRINCIPAL, &function.name).await;
    assumed.map_err(|failure| if failure.facts.status < 500 { Error::RoleNotAssumable } else { failure.into() })
}

fn deployed(
    function: &Function,
    runtime: Runtime,
    stream: &LogStream,
    code: PathBuf,
    env: BTreeMap<String, String>,
) -> Deployed {
    Deployed {
        function_name: function.name.clone(),
        function_version: function.version_name(),
        log_group: stream.group.clone(),
        log_stream: stream.name.clone(),
        code,
        layers: None,
        handler: function.handler.clone(),
        runtime,
        memory_mb: function.memory_mb,
        ephemeral_storage_mb: function.storage_mb,
        timeout: Duration::from_secs(u64::from(function.timeout_s)),
        region: stream.region.clone(),
        env,
    }
}

/// The function's variables and the platform's; the platform's win, but for the endpoint, which a function may point elsewhere.
fn variables(function: &Function, session: &Session, region: &str, public_url: &str) -> BTreeMap<String, String> {
    let mut env = BTreeMap::from([("AWS_ENDPOINT_URL".to_owned(), public_url.to_owned())]);
    env.extend(function.variables.clone());
    let platforms = [
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", &session.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", session.secret_access_key.expose()),
        ("AWS_SESSION_TOKEN", session.session_token.expose()),
    ];
    env.extend(platforms.map(|(name, value)| (name.to_owned(), value.to_owned())));
    env
}

/// `2026/11/24/[$LATEST]` and 32 hex digits.
fn stream_name(now: Timestamp, version: &str, uuid: &str) -> String {
    format!("{}/[{version}]{}", now.strftime("%Y/%m/%d"), uuid.replace('-', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_day_version_and_chance() {
        let name = stream_name(Timestamp::from_ms(0), "$LATEST", "0a1b2c3d-0000-4000-8000-00000000000f");
        assert_eq!(name, "1970/01/01/[$LATEST]0a1b2c3d00004000800000000000000f");
    }
}
