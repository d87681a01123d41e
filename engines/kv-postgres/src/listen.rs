//! News from all servers: what was appended to, by anybody.

use std::{future::poll_fn, sync::Arc, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use kv::{Bells, LogId};
use tokio::sync::oneshot;
use tokio_postgres::{AsyncMessage, Config, NoTls};

/// Between two attempts to connect.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A log's name as a notification carries it (at most 8000 bytes; a name has 4096).
pub(crate) fn encode(log: &LogId) -> String {
    BASE64_STANDARD.encode(log.as_bytes())
}

/// Rings the bells for as long as the handle lives. Says when it has begun.
pub(crate) async fn forever(config: Config, bells: Arc<Bells>, begun: oneshot::Sender<()>) {
    let mut begun = Some(begun);
    loop {
        if let Err(error) = listen(&config, &bells, &mut begun).await {
            tracing::warn!(%error, "no news from PostgreSQL; connecting again");
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}

async fn listen(
    config: &Config,
    bells: &Bells,
    begun: &mut Option<oneshot::Sender<()>>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut listening = Box::pin(async {
        let listening = client.batch_execute("LISTEN clearsky").await;
        match begun.take() {
            Some(begun) => drop(begun.send(())),
            // Something may have happened while nobody listened.
            None => bells.ring_all(),
        }
        match listening {
            Ok(()) => std::future::pending().await,
            Err(error) => error,
        }
    });
    loop {
        let message = poll_fn(|context| connection.poll_message(context));
        tokio::select! {
            error = &mut listening => return Err(error),
            message = message => match message {
                Some(Ok(AsyncMessage::Notification(news))) => {
                    if let Ok(name) = BASE64_STANDARD.decode(news.payload()) {
                        bells.ring(&LogId::new(name));
                    }
                }
                Some(Ok(_)) => (),
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
