//! The commit thread: validates what waits, writes it as one batch with one fsync, publishes it, answers.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use fjall::PersistMode;
use kv::{Abort, Commit, Committed, LogId, Result, Window};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    encode::Head,
    engine::{Job, Shared},
    group::Group,
    read,
};

/// The most transactions of one fsync: what 64 clients send meanwhile, four times over.
const GROUP_COMMITS_MAX: usize = 256;

/// The most bytes of one batch: one transaction of the largest size, which the batch may exceed by its last one.
const GROUP_BYTES_MAX: usize = kv::COMMIT_BYTES_MAX;

/// Log heads kept in memory, about 150 bytes each.
const HEADS_MAX: usize = 16_384;

/// Trimmed records deleted along with one group.
const PURGE_RECORDS: u64 = 512;

/// A transaction that only removes may use the reserve up to this part of it, so that a full disk can be emptied.
const REMOVALS_RESERVE_PART: u64 = 4;

type Answer = oneshot::Sender<Result<Committed, Abort>>;

/// The only writer of the database.
pub(crate) struct Committer {
    shared: Arc<Shared>,
    window: Window,
    heads: HeadCache,
    purges: BTreeSet<LogId>,
    reserve: u64,
    /// There was no room to purge; wait for the next transaction before trying again.
    is_starved: bool,
    broken: watch::Sender<bool>,
}

impl Committer {
    /// Takes up the purges that a former process left.
    pub(crate) fn new(shared: Arc<Shared>, reserve: u64, broken: watch::Sender<bool>) -> fjall::Result<Self> {
        let logs = shared.files.purges.iter().map(|guard| Ok(LogId::new(Bytes::from(guard.key()?))));
        let purges = logs.collect::<fjall::Result<_>>()?;
        let heads = HeadCache { shared: Arc::clone(&shared), heads: HashMap::new() };
        Ok(Self { shared, window: Window::default(), heads, purges, reserve, is_starved: false, broken })
    }

    /// Works until every handle is gone and the queue is empty.
    pub(crate) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(GROUP_COMMITS_MAX);
        loop {
            if self.purges.is_empty() || self.is_starved {
                jobs.blocking_recv_many(&mut waiting, GROUP_COMMITS_MAX);
                if waiting.is_empty() {
                    return;
                }
            } else {
                while waiting.len() < GROUP_COMMITS_MAX
                    && let Ok(job) = jobs.try_recv()
                {
                    waiting.push(job);
                }
                if waiting.is_empty() && jobs.is_closed() {
                    return;
                }
            }
            let mut rest = waiting.drain(..).peekable();
            loop {
                self.commit_group(&mut rest);
                if rest.peek().is_none() {
                    break;
                }
            }
        }
    }

    /// One batch, one fsync. Conflicts are answered after it, so that a rerun sees what it lost against.
    fn commit_group(&mut self, jobs: &mut impl Iterator<Item = Job>) {
        let free = self.shared.files.free_bytes().unwrap_or_else(|error| {
            tracing::error!(%error, "the free space cannot be read");
            0
        });
        let (mut group, mut answers, mut rings, mut bytes) = (Group::default(), Vec::new(), Vec::new(), 0);
        while bytes < GROUP_BYTES_MAX
            && let Some(Job { commit, answer }) = jobs.next()
        {
            bytes += size(&commit);
            let logs = commit.appends.iter().map(|(log, _)| log);
            let lists = commit.timers.iter().filter(|(_, body)| body.is_some()).map(|(timer, _)| &timer.list);
            let news: Vec<LogId> = logs.chain(lists).cloned().collect();
            let result = self.admit(commit, free, &mut group);
            if result.is_ok() {
                rings.extend(news);
            }
            answers.push((answer, result));
        }
        let is_durable = answers.iter().any(|(_, result)| result.is_ok());
        self.purges.extend(group.purges.keys().cloned());
        self.is_starved = free < self.reserve / REMOVALS_RESERVE_PART;
        if !self.is_starved {
            self.purge(&mut group);
        }
        self.finish(group, is_durable, answers);
        rings.sort();
        rings.dedup();
        rings.iter().for_each(|log| self.shared.bells.ring(log));
    }

    /// Validates one transaction against everything before it and puts it into the group.
    fn admit(&mut self, commit: Commit, free: u64, group: &mut Group) -> Result<Committed, Abort> {
        if *self.broken.borrow() {
            return Err(Abort::Unavailable);
        }
        if free < self.reserve_for(&commit) {
            return Err(Abort::Full);
        }
        self.window.validate(commit.snapshot, &commit.reads)?;
        let trimmed = commit.trims.iter().map(|(log, _)| log);
        for log in commit.appends.iter().map(|(log, _)| log).chain(trimmed) {
            if !group.heads.contains_key(log) {
                group.heads.insert(log.clone(), self.heads.get(log)?);
            }
        }
        let version = self.window.record(&commit, Instant::now());
        for (timer, _) in commit.timers.iter().filter(|(_, body)| body.is_some()) {
            self.shared.floors.set(&timer.list, timer.due, version);
        }
        let positions = group.add(commit);
        Ok(Committed { version, positions })
    }

    fn reserve_for(&self, commit: &Commit) -> u64 {
        let adds = commit.writes.iter().any(|(_, value)| value.is_some())
            || commit.timers.iter().any(|(_, body)| body.is_some())
            || !commit.appends.is_empty();
        if adds { self.reserve } else { self.reserve / REMOVALS_RESERVE_PART }
    }

    /// Lets some trimmed records go along with the group.
    fn purge(&mut self, group: &mut Group) {
        let Some(log) = self.purges.pop_first() else { return };
        if !group.heads.contains_key(&log) {
            let Ok(head) = self.heads.get(&log) else { return };
            group.heads.insert(log.clone(), head);
        }
        if !group.purge(&log, PURGE_RECORDS) {
            self.purges.insert(log);
        }
    }

    fn finish(&mut self, mut group: Group, is_durable: bool, answers: Vec<(Answer, Result<Committed, Abort>)>) {
        let version = self.window.latest();
        let written = if *self.broken.borrow() { Err(Abort::Unavailable) } else { self.write(&mut group, is_durable) };
        match &written {
            Ok(()) => {
                self.shared.publish(version);
                self.heads.keep(group.heads);
            }
            Err(_) => self.break_down(),
        }
        for (answer, result) in answers {
            // Whoever asked may have gone; what it asked for is done all the same.
            drop(answer.send(result.and_then(|committed| written.clone().map(|()| committed))));
        }
    }

    /// On disk when it returns, if anybody waits for that; visible to readers only then.
    fn write(&self, group: &mut Group, is_durable: bool) -> Result<(), Abort> {
        if group.is_empty() {
            return Ok(());
        }
        let mode = if is_durable { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = self.shared.files.db.batch().durability(Some(mode));
        group.fill(&mut batch, &self.shared);
        batch.commit().map_err(|error| {
            tracing::error!(%error, "a write failed: the store takes no more, restart the process");
            match error {
                fjall::Error::Poisoned => Abort::Unavailable,
                _ => Abort::Unknown,
            }
        })
    }

    fn break_down(&mut self) {
        self.purges.clear();
        self.broken.send_replace(true);
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.broken.send_replace(true);
        }
    }
}

/// The heads of the logs that are written to.
struct HeadCache {
    shared: Arc<Shared>,
    heads: HashMap<LogId, Head>,
}

impl HeadCache {
    fn get(&self, log: &LogId) -> Result<Head, Abort> {
        if let Some(head) = self.heads.get(log) {
            return Ok(*head);
        }
        let found = self.shared.files.heads.get(log).map_err(read::failed);
        let head = found.and_then(|found| found.map_or(Ok(Head::default()), |bytes| Head::decode(&bytes)));
        head.map_err(|error| {
            tracing::error!(%error, ?log, "a log's head cannot be read");
            Abort::Unavailable
        })
    }

    fn keep(&mut self, heads: HashMap<LogId, Head>) {
        if HEADS_MAX < self.heads.len() + heads.len() {
            self.heads.clear();
        }
        self.heads.extend(heads);
    }
}

fn size(commit: &Commit) -> usize {
    let rows = commit.writes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Bytes::len));
    let records = commit.appends.iter().map(|(_, record)| record.len());
    let timers = commit.timers.iter().filter_map(|(_, body)| body.as_ref()).map(Bytes::len);
    rows.chain(records).chain(timers).sum()
}
