//! TransactWriteItems: puts, updates, deletes and condition checks on items of any tables, all of them or none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::wire::Shape;
use ::wire::codec::JsonWriter;
use base::Timestamp;
use kv::Tx;
use service::Cx;
use sha2::{Digest, Sha256};

use crate::engine::index;
use crate::engine::key::{self, KeyError};
use crate::engine::update::Update;
use crate::errors::Error;
use crate::model::{Item, PrimaryKey, RequestToken, Table, item_size_bytes};
use crate::ops::action::{Action, Verb};
use crate::ops::capacity::{self, Transacted};
use crate::ops::collection;
use crate::ops::item::{Changed, Guard, check_size};
use crate::ops::request;
use crate::ops::source::item_row;
use crate::ops::transaction::{self, Reason, TRANSACTION_BYTES_MAX};
use crate::store::{self, Before};
use crate::wire::{TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput, schema};

/// How long a request with the same token is taken for a repetition (docs: 10 minutes).
const TOKEN_MS: i64 = 10 * 60 * 1000;

/// An action with its table and its item's key, which may not fit the table.
struct Placed<'i> {
    action: Action<'i>,
    table: Arc<Table>,
    key: Result<PrimaryKey, KeyError>,
}

/// An action that only the stored item can still refuse.
struct Ready<'i> {
    verb: Verb,
    subject: &'i Item,
    guard: Guard,
    update: Option<Update>,
    table: Arc<Table>,
    key: PrimaryKey,
}

/// Units by table.
type Units = BTreeMap<String, Transacted>;

/// Does all actions, or none and says why for each.
pub(crate) async fn transact_write_items(
    cx: &Cx,
    tx: &mut Tx,
    input: &TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, Error> {
    let TransactWriteItemsInput {
        transact_items,
        return_consumed_capacity,
        return_item_collection_metrics,
        client_request_token,
    } = input;
    let mut actions = Vec::with_capacity(transact_items.len());
    for item in transact_items {
        let action = Action::parse(item)?;
        if action.verb == Verb::Put {
            check_size(action.subject)?;
        }
        actions.push(action);
    }
    if TRANSACTION_BYTES_MAX < actions.iter().map(Action::size_bytes).sum() {
        return Err(transaction::too_large());
    }
    let mut placed = Vec::with_capacity(actions.len());
    for action in actions {
        placed.push(place(cx, tx, action).await?);
    }
    let mut rows = BTreeSet::new();
    if !placed.iter().all(|one| one.key.as_ref().map_or(true, |key| rows.insert(item_row(&one.table, key)))) {
        return Err(transaction::repeated());
    }
    let count = placed.len();
    let mut ready = Vec::with_capacity(count);
    for (at, one) in placed.into_iter().enumerate() {
        ready.push(one.checked().map_err(|error| transaction::refused(count, at, error))?);
    }

    let repeats = match client_request_token {
        Some(token) => repeats(cx, tx, token, transact_items).await?,
        None => false,
    };
    let units = if repeats { read_all(tx, &ready).await? } else { do_all(tx, &ready).await? };
    let asked = return_consumed_capacity.as_deref();
    let capacity: Vec<_> = units.iter().filter_map(|(table, units)| units.consumed(asked, table)).collect();
    let mut collections = BTreeMap::new();
    for one in &ready {
        if one.verb == Verb::Check {
            continue;
        }
        let asked = return_item_collection_metrics.as_deref();
        if let Some(metrics) = collection::metrics(tx, asked, &one.table, &one.key).await? {
            collections.entry(one.table.name.clone()).or_insert_with(Vec::new).push(metrics);
        }
    }
    Ok(TransactWriteItemsOutput {
        consumed_capacity: Some(capacity).filter(|capacity| !capacity.is_empty()),
        item_collection_metrics: Some(collections).filter(|collections| !collections.is_empty()),
    })
}

async fn place<'i>(cx: &Cx, tx: &mut Tx, mut action: Action<'i>) -> Result<Placed<'i>, Error> {
    let permission = action.verb.permission();
    let table = request::table(cx, tx, permission, action.table_name).await?;
    let key = match action.verb {
        Verb::Put => key::of_item(&table.key_schema, action.subject),
        Verb::Update | Verb::Delete | Verb::Check => key::of_request(&table.key_schema, action.subject),
    };
    let asked = std::mem::take(&mut action.asked);
    let key = transaction::permitted(cx, permission, &table, key, asked).await?;
    Ok(Placed { action, table, key })
}

impl<'i> Placed<'i> {
    fn checked(self) -> Result<Ready<'i>, Error> {
        let Self { action: Action { verb, subject, guard, update, .. }, table, key } = self;
        let key = key?;
        if verb == Verb::Put {
            index::check_item(&table, subject)?;
        }
        guard.check_paths(&table)?;
        update.as_ref().map_or(Ok(()), |update| request::check_update(&table, update))?;
        Ok(Ready { verb, subject, guard, update, table, key })
    }
}

impl Ready<'_> {
    /// Does it, if the stored item lets it; and says what it costs.
    async fn run(&self, tx: &mut Tx) -> Result<(Reason, Transacted), Error> {
        let Self { verb, subject, guard, update, table, key } = self;
        let stored = store::item(tx, table.id, key).await?;
        let mut bytes = stored.as_ref().map_or(0, item_size_bytes);
        let refused = |bytes| Transacted::written(table, bytes, &[]);
        if !guard.holds(stored.as_ref()) {
            let shown = guard.shown(stored.as_ref()).cloned();
            return Ok((Reason::ConditionalCheckFailed(shown), refused(bytes)));
        }
        let before = Before::Read(stored.as_ref());
        let entries = match verb {
            Verb::Put => {
                bytes = bytes.max(item_size_bytes(subject));
                store::write(tx, table, key, before, Some(subject)).await?
            }
            Verb::Update => match Changed::by(update.as_ref(), table, key, stored) {
                Ok(changed) => {
                    bytes = changed.bytes;
                    changed.write(tx, table, key).await?
                }
                Err(error) => return Ok((Reason::of(error)?, refused(bytes))),
            },
            Verb::Delete => store::write(tx, table, key, before, None).await?,
            Verb::Check => Vec::new(),
        };
        Ok((Reason::None, Transacted::written(table, bytes, &entries)))
    }
}

/// All actions; the transaction is not committed where one of them fails.
async fn do_all(tx: &mut Tx, ready: &[Ready<'_>]) -> Result<Units, Error> {
    let (mut reasons, mut units) = (Vec::with_capacity(ready.len()), Units::new());
    for one in ready {
        let (reason, written) = one.run(tx).await?;
        reasons.push(reason);
        capacity::add(&mut units, &one.table, written);
    }
    transaction::check(&reasons)?;
    Ok(units)
}

/// A repeated request does nothing more, and costs what reading its items does (docs).
async fn read_all(tx: &mut Tx, ready: &[Ready<'_>]) -> Result<Units, Error> {
    let mut units = Units::new();
    for one in ready {
        let stored = store::item(tx, one.table.id, &one.key).await?;
        capacity::add(&mut units, &one.table, Transacted::read(stored.as_ref().map_or(0, item_size_bytes)));
    }
    Ok(units)
}

/// Whether a request with this token was carried out within the last ten minutes; if not, the token is taken.
async fn repeats(cx: &Cx, tx: &mut Tx, token: &str, items: &Vec<TransactWriteItem>) -> Result<bool, Error> {
    let fingerprint = fingerprint(items);
    match store::request_token(tx, &cx.scope, token).await? {
        Some(found) if cx.now() < found.expires_at && found.fingerprint == fingerprint => Ok(true),
        Some(found) if cx.now() < found.expires_at => Err(Error::TokenMismatch),
        _ => {
            let expires_at = Timestamp::from_ms(cx.now().as_ms().saturating_add(TOKEN_MS));
            store::put_request_token(tx, &cx.scope, token, RequestToken { fingerprint, expires_at })?;
            Ok(false)
        }
    }
}

/// SHA-256 of the actions in the form in which we would send them.
fn fingerprint(items: &Vec<TransactWriteItem>) -> [u8; 32] {
    let mut writer = JsonWriter::default();
    items.write(&mut writer, &schema::TRANSACT_WRITE_ITEM_LIST);
    Sha256::digest(&writer.out).into()
}
