//! The public listener: accepts, serves, and drains when told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};

use crate::Edge;

/// How long open requests may take once the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a request's head: S3 allows 8 KB of headers, presigned URLs with session tokens are long.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A listener and what serves it.
pub struct Server {
    listener: TcpListener,
    edge: Arc<Edge>,
}

/// Connections that did not end in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unserved(pub bool);

impl Server {
    pub fn new(listener: TcpListener, edge: Arc<Edge>) -> Self {
        Self { listener, edge }
    }

    /// Serves until `stop` resolves; then finishes what is under way.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Unserved {
        let graceful = GracefulShutdown::new();
        let builder = builder();
        tokio::pin!(stop);
        loop {
            let (conn, peer) = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!("accept failed: {error}");
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                },
            };
            let _ = conn.set_nodelay(true);
            let edge = Arc::clone(&self.edge);
            let service = service_fn(move |request| Arc::clone(&edge).answer(request, peer));
            let serving = builder.serve_connection(TokioIo::new(conn), service).into_owned();
            let watched = graceful.watch(serving);
            tokio::spawn(async move {
                if let Err(error) = watched.await {
                    tracing::debug!("connection ended: {error}");
                }
            });
        }
        drop(self.listener);
        tokio::select! {
            () = graceful.shutdown() => Unserved(false),
            () = tokio::time::sleep(DRAIN) => Unserved(true),
        }
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES_MAX.max(512 * 1024));
    builder.http2().timer(TokioTimer::new()).max_header_list_size(HEAD_BYTES_MAX as u32);
    builder
}

/// Serves one connection to its end.
pub(crate) async fn connection(edge: Arc<Edge>, conn: TcpStream, peer: SocketAddr) {
    let service = service_fn(move |request| Arc::clone(&edge).answer(request, peer));
    if let Err(error) = builder().serve_connection(TokioIo::new(conn), service).await {
        tracing::debug!("connection ended: {error}");
    }
}
