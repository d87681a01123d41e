//! Access key ids, which carry their account as AWS's do (observed): the account is read back without a look at any store.

use base::{Account, Ids};

/// Of long-term keys of users.
pub(crate) const LONG_TERM: &str = "AKIA";
/// Of sessions.
pub(crate) const TEMPORARY: &str = "ASIA";

/// Characters of five bits each behind the prefix.
const CHARS: usize = 16;
/// The account's bits stand behind the first one.
const ACCOUNT_SHIFT: u32 = 39;
const ACCOUNT_BITS: u32 = 40;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new id for a key of this account; 39 of its bits are random.
pub(crate) fn new(ids: &Ids, prefix: &str, account: &str) -> String {
    let random: u128 = u128::from(u64::from_be_bytes(ids.bytes())) & ((1 << ACCOUNT_SHIFT) - 1);
    let account: u128 = account.parse().unwrap_or_default();
    let bits = (account & ((1 << ACCOUNT_BITS) - 1)) << ACCOUNT_SHIFT | random;
    let letter = |at: usize| {
        let five = bits >> (5 * (CHARS - 1 - at)) & 31;
        usize::try_from(five).ok().and_then(|five| ALPHABET.get(five)).map(|letter| char::from(*letter))
    };
    prefix.chars().chain((0..CHARS).filter_map(letter)).collect()
}

/// The account of a key, where the id is of the form that we and AWS give.
pub(crate) fn account(id: &str) -> Option<Account> {
    let letters = id.strip_prefix(LONG_TERM).or_else(|| id.strip_prefix(TEMPORARY))?;
    if letters.len() != CHARS {
        return None;
    }
    let mut bits: u128 = 0;
    for letter in letters.bytes() {
        bits = bits << 5 | u128::try_from(ALPHABET.iter().position(|known| *known == letter)?).ok()?;
    }
    let account = bits >> ACCOUNT_SHIFT & ((1 << ACCOUNT_BITS) - 1);
    Account::parse(&format!("{account:012}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_is_read_back() {
        let ids = Ids::seeded(1);
        for expected in ["000000000000", "123456789012", "999999999999"] {
            let id = new(&ids, LONG_TERM, expected);
            assert_eq!((id.len(), account(&id).unwrap().as_str()), (20, expected), "{id}");
        }
        assert_ne!(new(&ids, TEMPORARY, "1"), new(&ids, TEMPORARY, "1"));
        // A key of AWS's that has been published with its account.
        assert_eq!(account("ASIAQNZGKIQY56JQ7WML").unwrap().as_str(), "029608264753");
        for odd in ["", "AKIA", "test", "AKIA0000000000000000", "AKIAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(account(odd), None, "{odd}");
        }
    }
}
