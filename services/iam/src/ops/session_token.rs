//! Sessions of users, and of root, for themselves.

use kv::Tx;
use policy::Principal;
use service::Cx;

use super::entity::user_name;
use crate::errors::Error;
use crate::session::{Borrower, Loan, Token};
use crate::wire::sts::{Credentials, GetSessionTokenRequest, GetSessionTokenResponse};

/// How long it lasts where the request does not say (docs).
const SECONDS_DEFAULT: i32 = 43_200;

/// Root's last no longer; more is taken as this (docs).
const ROOT_SECONDS_MAX: i32 = 3600;

/// Everybody with long-term keys may ask (docs).
pub(crate) async fn get_session_token(
    cx: &Cx,
    _: &mut Tx,
    input: &GetSessionTokenRequest,
) -> Result<GetSessionTokenResponse, Error> {
    let GetSessionTokenRequest { duration_seconds } = input;
    let seconds = duration_seconds.unwrap_or(SECONDS_DEFAULT);
    // Long-term credentials come with no limits of their own.
    if !cx.caller.session_policies.is_empty() {
        return Err(Error::SessionForSession);
    }
    let (user, seconds) = match &cx.caller.principal {
        Principal::Root(_) => (None, seconds.min(ROOT_SECONDS_MAX)),
        Principal::User(_) => (Some(Borrower { name: user_name(cx, &None)?, id: cx.caller.user_id.clone() }), seconds),
        _ => return Err(Error::SessionForSession),
    };
    let expires = cx.now().plus_seconds(seconds.into());
    let loan = Loan::new(&cx.platform, &cx.caller.account, user, expires);
    let session_token = Token::Loan(loan.clone()).seal(&cx.platform)?;
    let credentials = Credentials {
        access_key_id: loan.access_key_id,
        secret_access_key: loan.secret_access_key.expose().clone(),
        session_token,
        expiration: loan.expires,
    };
    Ok(GetSessionTokenResponse { credentials: Some(credentials) })
}
