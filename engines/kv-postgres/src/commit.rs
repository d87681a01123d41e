//! Committing: one call of one function, in a transaction of its own.

use bytes::Bytes;
use kv::{Abort, Commit, Committed, Error, Key, LogId, Position};
use tokio_postgres::{
    error::SqlState,
    types::{ToSql, Type},
};

use crate::{listen, locks, pool::Pool, row};

const COMMIT: &str = "SELECT conflict, positions, version FROM clearsky.commit($1, $2, $3, $4, $5, $6, $7, $8, $9, \
                      $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)";

type Column<'a> = Vec<&'a [u8]>;
type Nullable<'a> = Vec<Option<&'a [u8]>>;

pub(crate) async fn run(pool: &Pool, commit: &Commit, snapshot: Option<String>) -> Result<Committed, Abort> {
    if snapshot.is_none() && !commit.reads.is_empty() {
        return Err(Abort::Conflict(blamed(commit)));
    }
    let lent = pool.take().await.map_err(|error| match error {
        Error::Abort(abort) => abort,
        _ => Abort::Unavailable,
    })?;
    let result = call(&lent.client, commit, snapshot.as_deref()).await;
    pool.give_back(lent);
    result
}

async fn call(client: &tokio_postgres::Client, commit: &Commit, snapshot: Option<&str>) -> Result<Committed, Abort> {
    let (numbers, modes): (Vec<i64>, Vec<bool>) = locks::of(commit).into_iter().unzip();
    let (read_heads, read_tails) = parts(commit.reads.keys.iter().map(Key::as_bytes));
    let edges: Vec<(Bytes, Option<Bytes>)> =
        commit.reads.ranges.iter().filter(|range| !range.is_empty()).map(row::edges).collect();
    let (low_heads, low_tails) = parts(edges.iter().map(|(low, _)| low.as_ref()));
    let highs = edges.iter().map(|(_, high)| high.as_deref().map(row::split));
    let (high_heads, high_tails): (Nullable<'_>, Nullable<'_>) = highs.map(Option::unzip).unzip();
    let read_lists: Vec<Vec<u8>> = commit.reads.timers.iter().map(|timer| row::digest(&timer.list)).collect();
    let read_dues: Vec<i64> = commit.reads.timers.iter().map(|timer| timer.due.as_ms()).collect();
    let read_names: Column<'_> = commit.reads.timers.iter().map(|timer| timer.name.as_ref()).collect();
    let (heads, tails) = parts(commit.writes.iter().map(|(key, _)| key.as_bytes()));
    let values: Nullable<'_> = commit.writes.iter().map(|(_, value)| value.as_deref()).collect();
    let lists: Vec<Vec<u8>> = commit.timers.iter().map(|(timer, _)| row::digest(&timer.list)).collect();
    let dues: Vec<i64> = commit.timers.iter().map(|(timer, _)| timer.due.as_ms()).collect();
    let names: Column<'_> = commit.timers.iter().map(|(timer, _)| timer.name.as_ref()).collect();
    let bodies: Nullable<'_> = commit.timers.iter().map(|(_, body)| body.as_deref()).collect();
    let trim_logs: Vec<Vec<u8>> = commit.trims.iter().map(|(log, _)| row::digest(log)).collect();
    let trim_to: Vec<i64> = commit.trims.iter().map(|(_, up_to)| number(*up_to)).collect();
    let logs: Vec<Vec<u8>> = commit.appends.iter().map(|(log, _)| row::digest(log)).collect();
    let records: Column<'_> = commit.appends.iter().map(|(_, record)| record.as_ref()).collect();
    let news = news(commit);

    let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = Vec::with_capacity(24);
    parameters.extend([
        (&numbers as _, Type::INT8_ARRAY),
        (&modes as _, Type::BOOL_ARRAY),
        (&snapshot as _, Type::TEXT),
    ]);
    let keys: [&(dyn ToSql + Sync); 7] =
        [&read_heads, &read_tails, &low_heads, &low_tails, &high_heads, &high_tails, &read_lists];
    parameters.extend(keys.map(|column| (column, Type::BYTEA_ARRAY)));
    parameters.extend([(&read_dues as _, Type::INT8_ARRAY)]);
    let rows: [&(dyn ToSql + Sync); 5] = [&read_names, &heads, &tails, &values, &lists];
    parameters.extend(rows.map(|column| (column, Type::BYTEA_ARRAY)));
    parameters.extend([(&dues as _, Type::INT8_ARRAY), (&names as _, Type::BYTEA_ARRAY)]);
    parameters.extend([(&bodies as _, Type::BYTEA_ARRAY), (&trim_logs as _, Type::BYTEA_ARRAY)]);
    parameters.extend([(&trim_to as _, Type::INT8_ARRAY), (&logs as _, Type::BYTEA_ARRAY)]);
    parameters.extend([(&records as _, Type::BYTEA_ARRAY), (&news as _, Type::TEXT_ARRAY)]);

    let answer = client.query_typed(COMMIT, &parameters).await.map_err(|error| aborted(&error, commit))?;
    let Some(answer) = answer.first() else { return Err(Abort::Unknown) };
    if let Some(key) = answer.get::<_, Option<&[u8]>>(0) {
        return Err(Abort::Conflict(Key::from(key)));
    }
    let positions = answer.get::<_, Option<Vec<i64>>>(1).unwrap_or_default();
    let version = answer.get::<_, Option<i64>>(2).unwrap_or_default();
    let positions = positions.into_iter().map(|position| Position::new(position.unsigned_abs())).collect();
    Ok(Committed { version: version.unsigned_abs(), positions })
}

fn parts<'a>(keys: impl Iterator<Item = &'a [u8]>) -> (Column<'a>, Column<'a>) {
    keys.map(row::split).unzip()
}

/// A position as PostgreSQL counts.
pub(crate) fn number(position: Position) -> i64 {
    i64::try_from(position.get()).unwrap_or(i64::MAX)
}

/// The logs and lists that somebody may wait for, each once.
fn news(commit: &Commit) -> Vec<String> {
    let lists = commit.timers.iter().filter(|(_, body)| body.is_some()).map(|(timer, _)| &timer.list);
    let mut names: Vec<&LogId> = commit.appends.iter().map(|(log, _)| log).chain(lists).collect();
    names.sort();
    names.dedup();
    names.into_iter().map(listen::encode).collect()
}

/// Something to stand in the queue of, when PostgreSQL does not say.
fn blamed(commit: &Commit) -> Key {
    let written = commit.writes.first().map(|(key, _)| key);
    commit.reads.keys.first().or(written).cloned().unwrap_or_else(|| Key::from_static(b"range"))
}

/// What an error means for the transaction. Where the server may have committed before it went, nobody knows.
fn aborted(error: &tokio_postgres::Error, commit: &Commit) -> Abort {
    let Some(state) = error.code() else {
        tracing::error!(%error, "the connection to PostgreSQL broke in a commit");
        return Abort::Unknown;
    };
    tracing::error!(cause = ?error.as_db_error(), "PostgreSQL refused a commit");
    match *state {
        SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE => Abort::Conflict(blamed(commit)),
        SqlState::DISK_FULL => Abort::Full,
        // Class 57 is an administrator's hand, at any moment.
        ref state if state.code().starts_with("57") => Abort::Unknown,
        _ => Abort::Unavailable,
    }
}
