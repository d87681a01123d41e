//! The conformance suite: what every engine's tests run, through `kv::conformance!`.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests, though compiled as a library")]

pub mod conflicts;
pub mod dump;
pub mod history;
pub mod logs;
pub mod model;
pub mod rows;
pub mod timers;

use bytes::Bytes;

use crate::{Abort, Committed, Error, Key, Limit, Page, Range, Result, Store, Tx, Watch};

/// What a test's `open` answers: a store and what keeps it alive, or nothing where the engine cannot run here.
pub trait Opened {
    type Guard;

    fn opened(self) -> Option<(Store, Self::Guard)>;
}

impl<G> Opened for (Store, G) {
    type Guard = G;

    fn opened(self) -> Option<Self> {
        Some(self)
    }
}

impl<G> Opened for Option<(Store, G)> {
    type Guard = G;

    fn opened(self) -> Self {
        self
    }
}

/// Makes one test of each check. `open` is an async function that answers an empty `Store` and a guard that keeps its
/// files alive; or, where the engine may be unable to run, such an option, having said why.
///
/// ```text
/// kv::conformance!(open);
/// ```
#[macro_export]
macro_rules! conformance {
    ($open:ident) => {
        $crate::conformance!(@rows $open: rows own_writes_are_visible, a_snapshot_does_not_move,
            ranges_run_both_ways, pages_end_at_their_limits, ranges_hold_own_writes, rollback_leaves_nothing,
            sizes_are_checked, bytewise_order, many_keys_are_read_at_once);
        $crate::conformance!(@rows $open: conflicts lost_update, write_skew, phantom, the_unread_rest_of_a_page,
            peek_and_untracked_ranges_do_not_conflict, reading_only_never_conflicts, blind_writes_do_not_conflict,
            counters_add_up);
        $crate::conformance!(@rows $open: logs positions_grow_and_pages_turn, tail_wakes_up, tail_misses_nothing,
            trimmed_records_are_gone, logs_do_not_mix, a_commit_is_one_moment);
        $crate::conformance!(@rows $open: timers due_in_order, one_of_two_takes_it, lists_do_not_mix, bells_ring);
        $crate::conformance!(@rows $open: dump a_dump_is_one_moment);
        $crate::conformance!(@rows $open: model random_transactions_agree_with_a_map);
        $crate::conformance!(@threads $open: history concurrent_transactions_are_serialisable, serialisable_under_chaos);
    };
    (@rows $open:ident: $module:ident $($check:ident),+) => {
        mod $module {
            $(#[tokio::test]
            async fn $check() {
                let Some((store, _guard)) = $crate::suite::Opened::opened(super::$open().await) else { return };
                $crate::suite::$module::$check(store).await;
            })+
        }
    };
    (@threads $open:ident: $module:ident $($check:ident),+) => {
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let Some((store, _guard)) = $crate::suite::Opened::opened(super::$open().await) else { return };
                $crate::suite::$module::$check(store).await;
            })+
        }
    };
}

pub(crate) fn key(text: &str) -> Key {
    Key::from(text)
}

pub(crate) fn value(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Commits rows written as `key=value`.
pub(crate) async fn put(store: &Store, rows: &[&str]) {
    let mut tx = store.begin().await.unwrap();
    for row in rows {
        let (name, text) = row.split_once('=').unwrap_or((row, ""));
        tx.put(key(name), value(text));
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn read(store: &Store, name: &str) -> Option<String> {
    text(store.begin().await.unwrap().get(&key(name)).await.unwrap())
}

pub(crate) fn text(found: Option<Bytes>) -> Option<String> {
    found.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

/// A page as `a=1 b=2`, with `+` when there is more.
pub(crate) fn page_text(page: &Page) -> String {
    let rows = page.rows.iter().map(|(key, value)| format!("{key}={}", value.escape_ascii()));
    let mut words: Vec<String> = rows.collect();
    words.extend(page.more.then(|| "+".to_owned()));
    words.join(" ")
}

pub(crate) async fn range_text(tx: &mut Tx, range: Range, limit: Limit) -> String {
    page_text(&tx.range(range, limit, Watch::Tracked).await.unwrap())
}

/// Asserts that a commit was refused because of this key.
pub(crate) fn assert_conflict(result: Result<Committed>, on: &str) {
    match result {
        Err(Error::Abort(Abort::Conflict(found))) => assert_eq!(found, key(on)),
        other => panic!("expected a conflict on {on}, got {other:?}"),
    }
}
