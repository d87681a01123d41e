//! Key spaces: uses by account, principal, action and resource.

use base::Arn;
use kv::Key;
use service::Use;

const TAG: &[u8] = b"clearsky\0";
const USE: &[u8] = b"use\0";

/// A use. None of its parts holds a zero byte but the resource, which comes last.
pub(crate) fn used(used: &Use) -> Key {
    let Use { principal, action, resource } = used;
    let account = principal.parse::<Arn>().map(|arn| arn.account).unwrap_or_default();
    let place = uses(&account);
    Key::from([place.as_bytes(), principal.as_bytes(), b"\0", action.as_bytes(), b"\0", resource.as_bytes()].concat())
}

/// What the uses of the principals of an account start with; services have none.
pub(crate) fn uses(account: &str) -> Key {
    Key::from([TAG, USE, account.as_bytes(), b"\0"].concat())
}

/// What all uses start with.
pub(crate) fn all_uses() -> Key {
    Key::from([TAG, USE].concat())
}

/// The use in a key.
pub(crate) fn use_of(key: &Key) -> Option<Use> {
    let rest = std::str::from_utf8(key.as_bytes().strip_prefix(all_uses().as_bytes())?).ok()?;
    let mut parts = rest.splitn(4, '\0').skip(1).map(str::to_owned);
    Some(Use { principal: parts.next()?, action: parts.next()?, resource: parts.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let arn = "arn:aws:iam::123456789012:role/r";
        for (principal, resource) in [(arn, "a"), (arn, "a\0b"), ("events.amazonaws.com", "*")] {
            let used = Use { principal: principal.into(), action: "s3:GetObject".into(), resource: resource.into() };
            assert_eq!(use_of(&super::used(&used)), Some(used));
        }
        assert!(
            used(&Use { principal: arn.into(), action: String::new(), resource: String::new() })
                .as_bytes()
                .starts_with(uses("123456789012").as_bytes())
        );
    }
}
