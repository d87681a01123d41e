//! Access keys of users.

use base::{Arn, Secret};
use kv::Tx;
use policy::Principal;
use service::{Cx, Demand, Failure, demand};

use super::entity::{permitted, user_name};
use super::paging::{At, page};
use crate::errors::Error;
use crate::identity::Identities;
use crate::model::{self, Kind, secret_purpose, whole_seconds};
use crate::session::SECRET_CHARS;
use crate::wire::iam::{
    AccessKey, AccessKeyLastUsed, AccessKeyMetadata, CreateAccessKeyRequest, CreateAccessKeyResponse,
    DeleteAccessKeyNothing, DeleteAccessKeyRequest, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse,
    ListAccessKeysRequest, ListAccessKeysResponse, UpdateAccessKeyNothing, UpdateAccessKeyRequest,
};
use crate::{key_id, store};

/// IAM quota: access keys of one user.
pub(super) const ACCESS_KEYS_PER_USER_MAX: usize = 2;

/// Shows the secret, this once: what is stored is sealed.
pub(crate) async fn create_access_key(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateAccessKeyRequest,
) -> Result<CreateAccessKeyResponse, Error> {
    let CreateAccessKeyRequest { user_name: named } = input;
    if let (None, Principal::Root(_)) = (named, &cx.caller.principal) {
        return Err(Failure::not_implemented(
            "An access key of the root user beside those that the server is started with",
        )
        .into());
    }
    let name = user_name(cx, named)?;
    let mut user: model::User = permitted(cx, tx, &name, |arn| demand!(iam::CreateAccessKey(arn))).await?;
    if ACCESS_KEYS_PER_USER_MAX <= user.access_keys.len() {
        return Err(Error::quota("AccessKeysPerUser", ACCESS_KEYS_PER_USER_MAX));
    }
    let (platform, account) = (&cx.platform, &cx.scope.account);
    let mut id = key_id::new(&platform.ids, key_id::LONG_TERM, account.as_str());
    while store::access_key(tx, &id).await?.is_some() {
        id = key_id::new(&platform.ids, key_id::LONG_TERM, account.as_str());
    }
    let secret = platform.ids.upper(SECRET_CHARS);
    let sealed = platform.seal.seal(&platform.ids, &secret_purpose(&id), secret.as_bytes());
    let key = model::AccessKey {
        id: id.clone(),
        account: account.clone(),
        user: user.holder.name.to_lowercase(),
        active: true,
        created: whole_seconds(cx.now()),
        sealed_secret: Secret::new(sealed),
    };
    store::put_access_key(tx, &key)?;
    user.access_keys.insert(id.clone());
    store::put(tx, account, &user)?;
    let access_key = AccessKey {
        user_name: user.holder.name,
        access_key_id: id,
        status: status(&key).into(),
        secret_access_key: secret,
        create_date: Some(key.created),
    };
    Ok(CreateAccessKeyResponse { access_key })
}

/// An inactive key is refused from the next request on.
pub(crate) async fn update_access_key(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateAccessKeyRequest,
) -> Result<UpdateAccessKeyNothing, Error> {
    let UpdateAccessKeyRequest { user_name: named, access_key_id, status } = input;
    let demand = |arn: &Arn| demand!(iam::UpdateAccessKey(arn));
    let (_, key) = of_user(cx, tx, named, access_key_id, demand).await?;
    store::put_access_key(tx, &model::AccessKey { active: status == ACTIVE, ..key })?;
    Ok(UpdateAccessKeyNothing {})
}

pub(crate) async fn delete_access_key(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteAccessKeyRequest,
) -> Result<DeleteAccessKeyNothing, Error> {
    let DeleteAccessKeyRequest { user_name: named, access_key_id } = input;
    let demand = |arn: &Arn| demand!(iam::DeleteAccessKey(arn));
    let (mut user, _) = of_user(cx, tx, named, access_key_id, demand).await?;
    user.access_keys.remove(access_key_id);
    store::delete_access_key(tx, access_key_id);
    store::put(tx, &cx.scope.account, &user)?;
    Ok(DeleteAccessKeyNothing {})
}

/// Of the root user: the keys that the server was started with, whose dates nobody knows.
pub(crate) async fn list_access_keys(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListAccessKeysRequest,
) -> Result<ListAccessKeysResponse, Error> {
    let ListAccessKeysRequest { user_name: named, marker, max_items } = input;
    let mut keys = Vec::new();
    if let (None, Principal::Root(_)) = (named, &cx.caller.principal) {
        let ids = cx.platform.state::<Identities>()?.root_key_ids(&cx.scope.account);
        let of_root = |id| AccessKeyMetadata {
            user_name: None,
            access_key_id: Some(id),
            status: Some(ACTIVE.into()),
            create_date: None,
        };
        keys.extend(ids.into_iter().map(of_root));
    } else {
        let name = user_name(cx, named)?;
        let user: model::User = permitted(cx, tx, &name, |arn| demand!(iam::ListAccessKeys(arn))).await?;
        for id in &user.access_keys {
            let key = store::access_key(tx, id).await?;
            keys.extend(key.map(|key| AccessKeyMetadata {
                user_name: Some(user.holder.name.clone()),
                status: Some(status(&key).into()),
                create_date: Some(key.created),
                access_key_id: Some(key.id),
            }));
        }
    }
    let id = |key: &AccessKeyMetadata| key.access_key_id.clone().unwrap_or_default();
    let listing = format!("ListAccessKeys:{named:?}:{}", cx.caller.user_id);
    let page = page(cx, &listing, At { marker, max_items }, keys, id)?;
    let is_truncated = page.is_truncated();
    Ok(ListAccessKeysResponse { access_key_metadata: page.items, is_truncated, marker: page.marker })
}

pub(crate) async fn get_access_key_last_used(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetAccessKeyLastUsedRequest,
) -> Result<GetAccessKeyLastUsedResponse, Error> {
    let GetAccessKeyLastUsedRequest { access_key_id } = input;
    let key = store::access_key(tx, access_key_id).await?.filter(|key| key.account == cx.scope.account);
    let Some(key) = key else {
        let users = cx.scope.global_arn("iam", &Kind::User.resource("/", "*"));
        cx.demand(demand!(iam::GetAccessKeyLastUsed(users))).await?;
        return Err(Error::NoSuchAccessKey(access_key_id.clone()));
    };
    let demand = |arn: &Arn| demand!(iam::GetAccessKeyLastUsed(arn));
    let user: model::User = permitted(cx, tx, &key.user, demand).await?;
    let noted = cx.platform.state::<Identities>()?.last_uses().get(access_key_id);
    let used = match noted {
        Some(used) => Some(used),
        None => store::last_use(tx, access_key_id).await?,
    };
    let last = used.map_or_else(
        || AccessKeyLastUsed { last_used_date: None, service_name: "N/A".into(), region: "N/A".into() },
        |used| AccessKeyLastUsed {
            last_used_date: Some(whole_seconds(used.at)),
            service_name: used.service,
            region: used.region,
        },
    );
    Ok(GetAccessKeyLastUsedResponse { user_name: Some(user.holder.name), access_key_last_used: Some(last) })
}

/// The user that a request is about, once the caller may do this to it, and its key.
async fn of_user(
    cx: &Cx,
    tx: &mut Tx,
    named: &Option<String>,
    id: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<(model::User, model::AccessKey), Error> {
    if let (None, Principal::Root(_)) = (named, &cx.caller.principal)
        && cx.platform.state::<Identities>()?.root_key_ids(&cx.scope.account).iter().any(|root| root == id)
    {
        return Err(Failure::not_implemented("Changing the access keys that the server is started with").into());
    }
    // Who names no user means the one that the key belongs to, if that is the caller.
    let name = match (named, &cx.caller.principal) {
        (None, Principal::Root(_)) => return Err(Error::NoSuchAccessKey(id.into())),
        _ => user_name(cx, named)?,
    };
    let user: model::User = permitted(cx, tx, &name, demand).await?;
    let known = user.access_keys.contains(id);
    let key = store::access_key(tx, id).await?.filter(|_| known);
    Ok((user, key.ok_or_else(|| Error::NoSuchAccessKey(id.into()))?))
}

const ACTIVE: &str = "Active";

fn status(key: &model::AccessKey) -> &'static str {
    if key.active { ACTIVE } else { "Inactive" }
}
