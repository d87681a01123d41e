//! The platform's endpoint inside sandboxes: the same edge, behind the engine's listeners.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use tokio::net::TcpStream;

use crate::Edge;
use crate::server;

/// The door that the engine opens in each sandbox. It serves once the edge is there.
#[derive(Clone, Default)]
pub struct Inside(Arc<OnceLock<Arc<Edge>>>);

impl Inside {
    /// Gives the door its edge; later calls change nothing.
    pub fn open(&self, edge: &Arc<Edge>) {
        let _ = self.0.set(Arc::clone(edge));
    }
}

impl exec::Door for Inside {
    fn serve(&self, conn: TcpStream) -> BoxFuture<'static, ()> {
        let edge = self.0.get().cloned();
        Box::pin(async move {
            let Some(edge) = edge else { return };
            let peer = conn.peer_addr().unwrap_or_else(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
            server::connection(edge, conn, peer).await;
        })
    }
}
