//! What the server is made of: the only place that names houses and engines.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use base::{Ids, Seal, SystemClock};
use exec::Isolation;
use sandbox::Sandboxes;
use service::ports::{Identity, Ports};
use service::{Platform, PlatformBuilder, Service, Settings};

use crate::config::{RootKey, Serve, search_path};
use crate::keys::{self, RootKeyFile};
use crate::storage::Storage;

/// How long the last lines of functions may take to their logs.
const LOGS_DRAIN: Duration = Duration::from_secs(5);

/// What wiring starts from.
pub struct Parts<'a> {
    pub settings: &'a Serve,
    pub url: &'a str,
    pub key_file: &'a RootKeyFile,
    pub root_keys: Vec<RootKey>,
    pub sandboxes: &'a Sandboxes,
    pub storage: Storage,
}

/// Every service.
fn services() -> Vec<Service> {
    let mut services = iam::services();
    services.extend([
        lambda::service(),
        apigateway::service(),
        dynamodb::service(),
        s3::service(),
        logs::service(),
        clearsky_api::service(),
        ssm::service(),
        cloudwatch::service(),
    ]);
    services
}

/// Builds the platform: engines behind the seams, houses behind their ports.
pub fn platform(parts: Parts<'_>) -> anyhow::Result<Arc<Platform>> {
    let Parts { settings, url, key_file, root_keys, sandboxes, storage } = parts;
    let data_dir = settings.place.data_dir.as_path();
    let account = settings.account.clone();
    let builder = PlatformBuilder {
        store: storage.rows,
        blobs: Arc::new(storage.blobs),
        clock: Arc::new(SystemClock),
        ids: Arc::new(Ids::system()),
        seal: Seal::new(&key_file.seal_key()?),
        settings: Settings { account: account.clone(), public_url: url.to_owned(), auth: settings.auth.into() },
        services: services(),
    };
    let program = concat!("clearsky ", env!("CARGO_PKG_VERSION"));
    let backups = clearsky_api::Backups::new(program, keys::texts(data_dir)?);
    let runtimes = lambda::Runtimes::search(|| {
        let found = sandbox::runtimes::discover(&search_path());
        (found.usable, found.skipped)
    });
    let isolation: Arc<dyn Isolation> = Arc::new(sandboxes.clone());
    let cache = data_dir.join("cache").join("functions");
    Ok(builder.build(|platform| {
        let weak = Arc::downgrade(platform);
        let keys = root_keys
            .into_iter()
            .map(|key| iam::RootKey { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key });
        let identity = Arc::new(iam::Identities::new(weak.clone(), keys.collect(), account));
        let invoke = Arc::new(lambda::Invoker::new(weak.clone()));
        let objects = Arc::new(s3::Reader::new(weak.clone()));
        let functions = lambda::Functions::new(weak, isolation, runtimes, cache);
        let port: Arc<dyn Identity> = Arc::clone(&identity) as _;
        let states: Vec<Arc<dyn Any + Send + Sync>> = vec![identity, Arc::new(functions), Arc::new(backups)];
        (Ports { identity: port, invoke, objects }, states)
    }))
}

/// Starts the houses' background work.
pub async fn workers(platform: &Arc<Platform>) -> anyhow::Result<()> {
    iam::start(platform).await?;
    platform.state::<lambda::Functions>()?.start_tasks(platform).await;
    dynamodb::start(platform).await?;
    logs::start(platform).await;
    cloudwatch::start(platform).await;
    clearsky_api::start(platform).await?;
    service::sweep::start(platform).await;
    Ok(())
}

/// Lets the houses finish what they owe: the last lines of functions reach their logs, what was measured its metrics.
pub async fn drain(platform: &Arc<Platform>) -> anyhow::Result<()> {
    let functions = platform.state::<lambda::Functions>()?;
    if tokio::time::timeout(LOGS_DRAIN, functions.flush_logs()).await.is_err() {
        tracing::warn!("some lines of functions did not reach their logs");
    }
    // Their lines may hold metrics.
    cloudwatch::flush(platform).await?;
    iam::store_last_uses(platform).await?;
    Ok(())
}
