//! The words every crate speaks: scopes, ARNs, time, ids, sealed tokens. No I/O.

mod arn;
mod clock;
mod ids;
mod page;
mod scope;
mod seal;
mod secret;
mod timestamp;

pub use arn::{Arn, ArnError};
pub use clock::{Clock, FakeClock, SystemClock};
pub use ids::Ids;
pub use page::{PageToken, PageTokenError};
pub use scope::{Account, Partition, Region, Scope};
pub use seal::{Seal, SealError};
pub use secret::Secret;
pub use timestamp::{Timestamp, TimestampError};
