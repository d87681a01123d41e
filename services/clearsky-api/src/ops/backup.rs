//! Backups: make one.

use kv::Tx;
use service::{Cx, Outgoing};

use crate::engine::backup::{Backups, Making};
use crate::errors::Error;
use crate::wire;

/// Answers everything that the server held when it was asked, as the file of a backup: rows, the bodies that they refer to,
/// and the keys, so whoever may call this may do anything.
pub(crate) async fn backup(
    cx: &Cx,
    _: &mut Tx,
    input: &wire::BackupInput,
) -> Result<(wire::BackupOutput, Outgoing), Error> {
    let wire::BackupInput {} = input;
    let backups = cx.platform.state::<Backups>()?;
    let place = backups.place().ok_or(Error::BackupUnderWay)?;
    let making = Making::begin(&cx.platform, &backups, place).ok_or(Error::StoreElsewhere)?;
    Ok((wire::BackupOutput {}, Outgoing::Made(making.start(&cx.platform).await)))
}
