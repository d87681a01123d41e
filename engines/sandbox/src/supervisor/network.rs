//! The network of a sandbox: a loopback, and the listeners that the server serves on it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;

use super::child::{Step, step};
use crate::protocol::Listen;
use crate::sys;

/// Turns the loopback on and listens: for the runtime API, then for the platform's door if there is one.
pub(super) fn listen(listen: &Listen) -> Step<Vec<OwnedFd>> {
    step("loopback", sys::configure_interface("lo", None))?;
    let mut listeners = vec![bind(Ipv4Addr::LOCALHOST, listen.runtime_api_port)?];
    if let Some(door) = &listen.door {
        if !door.address.is_loopback() {
            step("the platform's address", sys::configure_interface("lo:1", Some(door.address)))?;
        }
        listeners.push(bind(door.address, door.port)?);
    }
    Ok(listeners)
}

fn bind(address: Ipv4Addr, port: u16) -> Step<OwnedFd> {
    let address = SocketAddr::from((address, port));
    let listener = step(&format!("listen on {address}"), TcpListener::bind(address))?;
    step("listener", listener.set_nonblocking(true))?;
    Ok(listener.into())
}
