//! What a request of a simulation gives: the caller, the owner of resources, condition keys.

use base::{Account, Arn, Timestamp};
use kv::Tx;
use policy::Context;
use service::Cx;

use crate::errors::Error;
use crate::model::{Entity, Kind, Role, User, name_in};
use crate::store;
use crate::wire::iam::ContextEntry;

/// Whoever calls: a user (docs).
pub(super) fn caller(arn: &Option<String>) -> Result<Option<Arn>, Error> {
    let Some(text) = arn else { return Ok(None) };
    let parsed = text.parse::<Arn>().ok().filter(|arn| name_in(arn, Kind::User.word()).is_some());
    parsed.map(Some).ok_or_else(|| Error::InvalidArn(text.clone()))
}

/// The account that the resources belong to: the caller's own where none is named.
pub(super) fn owner(cx: &Cx, arn: &Option<String>) -> Result<Account, Error> {
    let Some(text) = arn else { return Ok(cx.scope.account.clone()) };
    let parsed = text.parse::<Arn>().ok().and_then(|arn| Account::parse(&arn.account));
    parsed.or_else(|| Account::parse(text)).ok_or_else(|| Error::InvalidArn(text.clone()))
}

/// The condition keys that a caller brings along; those of users and roles that are here, with their tags.
pub(super) async fn caller_context(cx: &Cx, tx: &mut Tx, caller: Option<&Arn>) -> Result<Context, Error> {
    let mut context = Context::new();
    let Some(arn) = caller else { return Ok(context) };
    if name_in(arn, Kind::Group.word()).is_some() {
        return Ok(context);
    }
    context.set("aws:PrincipalAccount", arn.account.as_str());
    context.set("aws:PrincipalArn", arn.to_string());
    let holder = if let Some(name) = name_in(arn, Kind::User.word()) {
        context.set("aws:PrincipalType", "User").set("aws:username", name);
        let user = store::by_arn::<User>(tx, arn).await?;
        user.map(|user| user.holder().clone()).inspect(|holder| {
            context.set("aws:userid", holder.id.as_str());
        })
    } else {
        context.set("aws:PrincipalType", "AssumedRole");
        store::by_arn::<Role>(tx, arn).await?.map(|role| role.holder().clone())
    };
    let ours = holder.filter(|holder| holder.arn.account == cx.scope.account.as_str());
    for (key, value) in ours.into_iter().flat_map(|holder| holder.tags) {
        context.set(&format!("aws:PrincipalTag/{key}"), value);
    }
    Ok(context)
}

/// Adds the keys that a request gives, each of a type.
pub(super) fn add(context: &mut Context, entries: &[ContextEntry]) -> Result<(), Error> {
    for ContextEntry { context_key_name, context_key_values, context_key_type } in entries {
        let name = context_key_name.as_deref().unwrap_or_default();
        let key_type = context_key_type.as_deref().unwrap_or("string");
        let values = context_key_values.as_deref().unwrap_or_default();
        let (scalar, is_list) = match key_type.strip_suffix("List") {
            Some(scalar) => (scalar, true),
            None => (key_type, false),
        };
        if !is_list && values.len() != 1 {
            return Err(Error::Simulation(format!("The context key {name} of type {key_type} must have one value.")));
        }
        if let Some(odd) = values.iter().find(|value| !fits(scalar, value)) {
            return Err(Error::Simulation(format!("The value {odd} of the context key {name} is no {scalar}.")));
        }
        context.set_all(name, values.iter().cloned());
    }
    Ok(())
}

fn fits(scalar: &str, value: &str) -> bool {
    match scalar {
        "numeric" => value.trim().parse::<f64>().is_ok_and(f64::is_finite),
        "boolean" => ["true", "false"].contains(&value),
        "ip" => policy::is_network(value),
        "date" => Timestamp::parse_iso8601(value).is_ok() || value.parse::<f64>().is_ok_and(f64::is_finite),
        "binary" => value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')),
        _ => true,
    }
}
