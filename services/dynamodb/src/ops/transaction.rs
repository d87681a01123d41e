//! What both transactions have in common: their limits, and why one was cancelled, told for each action in its place.

use serde_json::{Value, json};
use service::{Cx, Failure};

use crate::attribute::item_document;
use crate::engine::key::KeyError;
use crate::errors::Error;
use crate::model::{Item, PrimaryKey, Table};
use crate::ops::request::{self, Asked};
use crate::wire::errors;

/// What the items of a transaction may have together (docs).
pub(crate) const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What became of one action.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Reason {
    /// It would have succeeded, or was not looked at.
    #[default]
    None,
    /// Its condition did not hold; the item, where the action wants to see it.
    ConditionalCheckFailed(Option<Item>),
    /// It cannot be done; the text is that of the operation alone.
    ValidationError(String),
}

impl Reason {
    /// The reason in what an action is refused with; any error but a validation error stays one.
    pub(crate) fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Invalid(_) | Error::Expression(_) | Error::Update(_) | Error::Key(_) | Error::IndexKey(_) => {
                Ok(Self::ValidationError(error.to_string()))
            }
            other => Err(other),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ConditionalCheckFailed(_) => "ConditionalCheckFailed",
            Self::ValidationError(_) => "ValidationError",
        }
    }

    fn document(&self) -> Value {
        let code = self.code();
        match self {
            Self::None => json!({ "Code": code }),
            Self::ConditionalCheckFailed(item) => {
                let mut document = json!({ "Code": code, "Message": Error::ConditionalCheckFailed.to_string() });
                if let (Some(members), Some(item)) = (document.as_object_mut(), item) {
                    members.insert("Item".into(), item_document(item));
                }
                document
            }
            Self::ValidationError(text) => json!({ "Code": code, "Message": text }),
        }
    }
}

/// Cancels the transaction if any of its actions has a reason.
pub(crate) fn check(reasons: &[Reason]) -> Result<(), Error> {
    if reasons.iter().all(|reason| *reason == Reason::None) { Ok(()) } else { Err(cancelled(reasons)) }
}

/// The transaction is cancelled for this action; the others are not looked at (observed).
pub(crate) fn refused(count: usize, at: usize, error: Error) -> Error {
    Reason::of(error).map_or_else(
        |error| error,
        |reason| {
            let mut reasons = vec![Reason::None; count];
            if let Some(place) = reasons.get_mut(at) {
                *place = reason;
            }
            cancelled(&reasons)
        },
    )
}

fn cancelled(reasons: &[Reason]) -> Error {
    let codes: Vec<&str> = reasons.iter().map(Reason::code).collect();
    let text =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let documents: Vec<Value> = reasons.iter().map(Reason::document).collect();
    Failure::new(&errors::TRANSACTION_CANCELED_EXCEPTION, text).with("CancellationReasons", documents).into()
}

/// Two actions are on one item.
pub(crate) fn repeated() -> Error {
    Error::invalid("Transaction request cannot include multiple operations on one item")
}

/// The items are too many bytes together.
pub(crate) fn too_large() -> Error {
    Error::invalid("Transaction payload size cannot exceed 4 MB")
}

/// Demands the action, and hands the key back. A key that does not fit the schema cancels the transaction later; only
/// one with an empty value is refused at once (observed).
pub(crate) async fn permitted(
    cx: &Cx,
    action: &'static str,
    table: &Table,
    key: Result<PrimaryKey, KeyError>,
    asked: Asked,
) -> Result<Result<PrimaryKey, KeyError>, Error> {
    let known = key.as_ref().ok().cloned();
    request::permitted(cx, action, table, Ok::<_, Error>(known), asked).await?;
    match key {
        Err(error @ KeyError::Empty(..)) => Err(error.into()),
        key => Ok(key),
    }
}
