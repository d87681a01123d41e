//! How many requests of a function and of an account may run at once, and how many do.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::Scope;
use service::Failure;

use crate::errors::Error;
use crate::names::Target;
use crate::wire::errors;

/// Quota: 1,000 requests of an account at once in a region (docs).
pub(crate) const ACCOUNT_MAX: u32 = 1000;
/// So many of them stay for functions that reserve none (docs).
pub(crate) const UNRESERVED_MIN: u32 = 100;

/// How soon it is worth asking again: as soon as any invocation ends, which most do within a second.
const RETRY_AFTER_S: &str = "1";

/// What a function may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// Its own, which nobody else may use. Zero: it is switched off.
    pub reserved: Option<u32>,
    /// What all functions that reserve nothing have together.
    pub unreserved: u32,
}

/// Who runs how many requests.
#[derive(Default)]
pub(crate) struct Slots(Arc<Mutex<Busy>>);

#[derive(Default)]
struct Busy {
    functions: HashMap<(Scope, String), u32>,
    unreserved: HashMap<Scope, u32>,
}

/// One request's place. Dropping it makes room.
pub(crate) struct Slot {
    busy: Arc<Mutex<Busy>>,
    function: (Scope, String),
    is_reserved: bool,
}

impl Slots {
    /// A place for a request to this function, or why there is none.
    pub fn enter(&self, target: &Target, share: Share) -> Result<Slot, Error> {
        let function = (target.scope.clone(), target.name.clone());
        let mut busy = held(&self.0);
        let own = busy.functions.get(&function).copied().unwrap_or_default();
        match share.reserved {
            Some(reserved) if reserved <= own => {
                return Err(throttled("ReservedFunctionConcurrentInvocationLimitExceeded"));
            }
            None if share.unreserved <= busy.unreserved.get(&target.scope).copied().unwrap_or_default() => {
                return Err(throttled("ConcurrentInvocationLimitExceeded"));
            }
            _ => (),
        }
        *busy.functions.entry(function.clone()).or_default() += 1;
        if share.reserved.is_none() {
            *busy.unreserved.entry(target.scope.clone()).or_default() += 1;
        }
        drop(busy);
        Ok(Slot { busy: Arc::clone(&self.0), function, is_reserved: share.reserved.is_some() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut busy = held(&self.busy);
        leave(&mut busy.functions, &self.function);
        if !self.is_reserved {
            leave(&mut busy.unreserved, &self.function.0);
        }
    }
}

fn held(busy: &Mutex<Busy>) -> MutexGuard<'_, Busy> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leave<K: Hash + Eq>(counts: &mut HashMap<K, u32>, who: &K) {
    if let Some(count) = counts.get_mut(who) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(who);
        }
    }
}

/// A request that has to come again.
pub(crate) fn throttled(reason: &str) -> Error {
    let failure = Failure::new(&errors::TOO_MANY_REQUESTS_EXCEPTION, "Rate Exceeded.");
    failure.with("Reason", reason).with("retryAfterSeconds", RETRY_AFTER_S).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{Account, Region};

    fn target(name: &str) -> Target {
        let scope = Scope::new(Account::from("000000000000"), Region::from("us-east-1"));
        Target { scope, name: name.into(), qualifier: None }
    }

    fn why(result: Result<Slot, Error>) -> String {
        let Err(error) = result else { return "there is room".into() };
        let failure = Failure::from(error);
        failure.members.iter().find(|(name, _)| *name == "Reason").unwrap().1.as_str().unwrap().to_owned()
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let slots = Slots::default();
        let (none, two) = (Share { reserved: None, unreserved: 2 }, Share { reserved: Some(2), unreserved: 2 });
        let off = Share { reserved: Some(0), unreserved: 2 };
        assert_eq!(why(slots.enter(&target("a"), off)), "ReservedFunctionConcurrentInvocationLimitExceeded");
        let first = slots.enter(&target("a"), none).unwrap();
        let second = slots.enter(&target("b"), none).unwrap();
        assert_eq!(why(slots.enter(&target("c"), none)), "ConcurrentInvocationLimitExceeded");
        let (third, fourth) = (slots.enter(&target("c"), two).unwrap(), slots.enter(&target("c"), two).unwrap());
        assert_eq!(why(slots.enter(&target("c"), two)), "ReservedFunctionConcurrentInvocationLimitExceeded");
        drop((first, third));
        assert_eq!(why(slots.enter(&target("c"), two)), "there is room");
        assert_eq!(why(slots.enter(&target("c"), none)), "there is room");
        drop((second, fourth));
        let busy = held(&slots.0);
        assert!(busy.functions.is_empty() && busy.unreserved.is_empty());
    }
}
