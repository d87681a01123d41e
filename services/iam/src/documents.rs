//! Policy documents after parsing, kept by their content: what a request needs has mostly been parsed before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use policy::{Attached, Policy, PolicyKind};
use service::Failure;

/// Documents that are kept: inline policies and trust policies of some thousand roles, 10 KiB each at most.
const DOCUMENTS_MAX: usize = 4096;

/// Parsed documents by content. When it is full it starts anew.
#[derive(Debug, Default)]
pub(crate) struct Documents(Mutex<HashMap<String, Arc<Policy>>>);

impl Documents {
    /// The document parsed. It was valid when it was stored, so anything else is a defect.
    pub(crate) fn parsed(&self, document: &str, kind: PolicyKind) -> Result<Arc<Policy>, Failure> {
        // The content tells the kind but for managed and inline ones, which evaluate alike.
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(document).cloned();
        if let Some(policy) = known {
            return Ok(policy);
        }
        let policy = Arc::new(Policy::stored(document, kind).map_err(Failure::internal)?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if DOCUMENTS_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert(document.to_owned(), Arc::clone(&policy));
        Ok(policy)
    }

    /// The document parsed, under the name that it is attached by.
    pub(crate) fn attached(&self, name: &str, document: &str, kind: PolicyKind) -> Result<Attached, Failure> {
        Ok(Attached { name: name.into(), policy: self.parsed(document, kind)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_parsed_once_and_the_cache_stays_bounded() {
        let documents = Documents::default();
        let of = |n: usize| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Sid":"s{n}","Effect":"Allow","Action":"*","Resource":"*"}}}}"#
            )
        };
        let one = documents.parsed(&of(0), PolicyKind::Inline).unwrap();
        assert!(Arc::ptr_eq(&one, &documents.parsed(&of(0), PolicyKind::Inline).unwrap()));
        for n in 1..=DOCUMENTS_MAX {
            documents.parsed(&of(n), PolicyKind::Inline).unwrap();
        }
        assert!(documents.0.lock().unwrap().len() <= DOCUMENTS_MAX);
        assert!(documents.parsed("{}", PolicyKind::Inline).is_err());
    }
}
