//! From HTTP to a typed input, and from a typed output or an error to HTTP.

mod error;
mod events;
mod input;
mod output;

pub use error::{ErrorBody, host_id, write_error};
pub use events::{initial_response, write_event, write_event_error};
pub use input::{HttpInput, read_document, read_input};
pub use output::{Rendered, write_document, write_output};
