//! The traces of the last requests, in a bounded ring, and which request each function works on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base::{Region, Timestamp};

use crate::{Caller, Noted, Trace, audit};

/// Requests that are remembered.
const TRACES_MAX: usize = 512;

/// A request that has been answered.
#[derive(Debug, Clone)]
pub struct Traced {
    pub request_id: String,
    /// The request in whose course this one was made.
    pub parent: Option<String>,
    pub at: Timestamp,
    /// `GET /path`, without the query: that may hold signatures. Of calls inside: `inside`.
    pub line: String,
    pub service: &'static str,
    pub operation: &'static str,
    pub status: u16,
    pub error: Option<&'static str>,
    /// What the client was told of the error.
    pub message: Option<String>,
    pub duration_us: u64,
    /// Where it is known who asked.
    pub asked: Option<Asked>,
    pub trace: Trace,
}

/// Who asked, and from where.
#[derive(Debug, Clone)]
pub struct Asked {
    pub caller: Caller,
    pub region: Region,
    pub source_ip: String,
    pub user_agent: Option<String>,
}

/// Takes audit records, a line of JSON each. It must not wait.
pub type AuditLog = Box<dyn Fn(String) + Send + Sync>;

/// The last requests of a server, oldest forgotten first.
#[derive(Default)]
pub struct Traces {
    ring: Mutex<VecDeque<Traced>>,
    running: Arc<Mutex<HashMap<String, String>>>,
    audit: OnceLock<AuditLog>,
}

/// While it is held, calls with an access key are made in the course of a request.
#[derive(Debug)]
pub struct Running {
    running: Arc<Mutex<HashMap<String, String>>>,
    access_key_id: String,
    request_id: String,
}

impl Traces {
    /// Hands every request that changed something or was denied to this log. Once; later calls change nothing.
    pub fn audit_to(&self, log: AuditLog) {
        let _ = self.audit.set(log);
    }

    /// Remembers a request.
    pub fn push(&self, traced: Traced) {
        if let Some(log) = self.audit.get()
            && let Some(record) = audit::record(&traced)
        {
            log(record.to_string());
        }
        let mut ring = self.ring();
        let forgotten = if TRACES_MAX <= ring.len() { ring.pop_front() } else { None };
        ring.push_back(traced);
        drop(ring);
        drop(forgotten);
    }

    /// The request with this id, if it is still remembered.
    pub fn find(&self, request_id: &str) -> Option<Traced> {
        self.ring().iter().rev().find(|traced| traced.request_id == request_id).cloned()
    }

    /// The requests that were made in the course of this one, oldest first.
    pub fn children(&self, request_id: &str) -> Vec<Traced> {
        let ring = self.ring();
        ring.iter().filter(|traced| traced.parent.as_deref() == Some(request_id)).cloned().collect()
    }

    /// From now on, until what this answers is dropped, calls with the access key belong to the request: they are a
    /// function's that works on it.
    pub fn run(&self, access_key_id: &str, request_id: &str) -> Running {
        let (access_key_id, request_id) = (access_key_id.to_owned(), request_id.to_owned());
        held(&self.running).insert(access_key_id.clone(), request_id.clone());
        Running { running: Arc::clone(&self.running), access_key_id, request_id }
    }

    /// The request that a function with this access key works on.
    pub fn running(&self, access_key_id: &str) -> Option<String> {
        held(&self.running).get(access_key_id).cloned()
    }

    fn ring(&self) -> MutexGuard<'_, VecDeque<Traced>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(running: &Mutex<HashMap<String, String>>) -> MutexGuard<'_, HashMap<String, String>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = held(&self.running);
        if running.get(&self.access_key_id) == Some(&self.request_id) {
            running.remove(&self.access_key_id);
        }
    }
}

impl Traced {
    /// What happened, in order.
    pub fn steps(&self) -> Vec<Noted> {
        self.trace.steps()
    }
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Traces")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(request_id: &str, parent: Option<&str>) -> Traced {
        Traced {
            request_id: request_id.to_owned(),
            parent: parent.map(str::to_owned),
            at: Timestamp::default(),
            line: "GET /".to_owned(),
            service: "s3",
            operation: "ListBuckets",
            status: 200,
            error: None,
            message: None,
            duration_us: 1,
            asked: None,
            trace: Trace::default(),
        }
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let traces = Traces::default();
        (0..=TRACES_MAX).for_each(|n| traces.push(traced(&n.to_string(), None)));
        assert!(traces.find("0").is_none());
        assert_eq!(traces.find(&TRACES_MAX.to_string()).unwrap().operation, "ListBuckets");
    }

    #[test]
    fn children_are_found_by_their_parent() {
        let traces = Traces::default();
        traces.push(traced("a", None));
        traces.push(traced("b", Some("a")));
        traces.push(traced("c", Some("b")));
        traces.push(traced("d", Some("a")));
        let of = |id: &str| traces.children(id).into_iter().map(|child| child.request_id).collect::<Vec<_>>();
        assert_eq!((of("a"), of("b"), of("d")), (vec!["b".into(), "d".into()], vec!["c".to_owned()], vec![]));
    }

    #[test]
    fn an_access_key_works_on_the_latest_request_until_that_ends() {
        let traces = Traces::default();
        let first = traces.run("ASIA1", "r-1");
        assert_eq!(traces.running("ASIA1").as_deref(), Some("r-1"));
        let second = traces.run("ASIA1", "r-2");
        drop(first);
        assert_eq!(traces.running("ASIA1").as_deref(), Some("r-2"));
        drop(second);
        assert_eq!(traces.running("ASIA1"), None);
    }
}
