//! The role of a function.

use base::Arn;
use service::ports::Trust;
use service::{Cx, Demand};

use crate::engine::start::PRINCIPAL;
use crate::errors::Error;

/// The role, if the caller may hand it to Lambda and it trusts Lambda.
pub(crate) async fn passed(cx: &Cx, role: &str) -> Result<Arn, Error> {
    let role: Arn = role.parse().map_err(|_| Error::RoleNotTrusting)?;
    cx.demand(Demand::pass_role(&role, PRINCIPAL)).await?;
    match cx.platform.ports()?.identity.trusts(&role, PRINCIPAL).await? {
        Trust::Yes => Ok(role),
        Trust::No | Trust::NoSuchRole => Err(Error::RoleNotTrusting),
    }
}
