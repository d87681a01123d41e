//! What holds for users, groups and roles alike.

use base::Arn;
use kv::Tx;
use policy::Principal;
use service::{Cx, Demand, action};

use super::tags;
use crate::errors::Error;
use crate::keys::Usage;
use crate::model::{Entity, Holder, Kind, whole_seconds};
use crate::store;
use crate::wire::iam::{AttachedPermissionsBoundary, Tag};

/// Behind the four letters of a unique id (observed).
const ID_CHARS: usize = 17;

/// The condition key of the boundary that a request sets, or that its target has.
const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

/// Actions that know the boundary of the user or role that they are about (IAM's facts).
const BOUNDED: &[&str] = &[
    action!(iam::AttachRolePolicy),
    action!(iam::AttachUserPolicy),
    action!(iam::DeleteRole),
    action!(iam::DeleteRolePermissionsBoundary),
    action!(iam::DeleteRolePolicy),
    action!(iam::DeleteUserPermissionsBoundary),
    action!(iam::DeleteUserPolicy),
    action!(iam::DetachRolePolicy),
    action!(iam::DetachUserPolicy),
    action!(iam::GetRole),
    action!(iam::PutRolePolicy),
    action!(iam::PutUserPolicy),
    action!(iam::UpdateAssumeRolePolicy),
    action!(iam::UpdateRole),
    action!(iam::UpdateRoleDescription),
];

/// The one of this name, once the caller may do this to it.
pub(super) async fn permitted<E: Entity>(
    cx: &Cx,
    tx: &mut Tx,
    name: &str,
    demand: impl FnOnce(&Arn) -> Demand,
) -> Result<E, Error> {
    let found = store::find::<E>(tx, &cx.scope.account, name).await?;
    let arn = found.as_ref().map(|entity| entity.holder().arn.clone());
    let arn = arn.unwrap_or_else(|| cx.scope.global_arn("iam", &E::KIND.resource("/", name)));
    let mut demand = demand(&arn);
    if let Some(holder) = found.as_ref().map(Entity::holder) {
        demand = tags::of_resource(demand, &["aws:ResourceTag", "iam:ResourceTag"], &holder.tags);
        if let Some(boundary) = holder.permissions_boundary.as_ref().filter(|_| BOUNDED.contains(&demand.action)) {
            demand = demand.with(BOUNDARY_KEY, boundary.as_str());
        }
    }
    cx.demand(demand).await?;
    found.ok_or_else(|| Error::NoSuch(E::KIND, name.into()))
}

/// What creating a user or a role demands; with tags, the right to tag it as well (docs).
pub(super) fn creation(
    cx: &Cx,
    actions: [&'static str; 2],
    resource: &str,
    tags: &Option<Vec<Tag>>,
    boundary: &Option<String>,
) -> Vec<Demand> {
    let arn = cx.scope.global_arn("iam", resource);
    let tags = tags.as_deref().unwrap_or_default();
    let [create, tag] = actions.map(|action| tags::requested(Demand::new(action, &arn), tags));
    let create = boundary.iter().fold(create, |demand, boundary| demand.with(BOUNDARY_KEY, boundary.as_str()));
    if tags.is_empty() { vec![create] } else { vec![create, tag] }
}

/// A new user, group or role, which is the account's as soon as it is put.
pub(super) async fn create<E: Entity>(
    cx: &Cx,
    tx: &mut Tx,
    quota: usize,
    letters: &str,
    entity: impl FnOnce(Holder) -> E,
    (name, path): (&str, &Option<String>),
) -> Result<E, Error> {
    let account = &cx.scope.account;
    if store::find::<E>(tx, account, name).await?.is_some() {
        return Err(Error::AlreadyExists(E::KIND, name.into()));
    }
    let count = store::count::<E>(tx, account).await?;
    if quota <= count {
        return Err(Error::quota(format!("{}sPerAccount", E::KIND.title()), quota));
    }
    store::put_count::<E>(tx, account, count + 1);
    let path = path.as_deref().unwrap_or("/");
    Ok(entity(Holder {
        name: name.into(),
        path: path.into(),
        id: format!("{letters}{}", cx.platform.ids.upper(ID_CHARS)),
        arn: cx.scope.global_arn("iam", &E::KIND.resource(path, name)),
        created: whole_seconds(cx.now()),
        inline_policies: Default::default(),
        attached_policies: Default::default(),
        tags: Default::default(),
        permissions_boundary: None,
    }))
}

/// Takes it away once no policy hangs on it.
pub(super) async fn delete<E: Entity>(cx: &Cx, tx: &mut Tx, entity: &E) -> Result<(), Error> {
    let account = &cx.scope.account;
    store::note_uses(tx, account, entity, false);
    store::delete::<E>(tx, account, entity.name());
    let count = store::count::<E>(tx, account).await?;
    store::put_count::<E>(tx, account, count.saturating_sub(1));
    Ok(())
}

/// Whether policies still hang on it.
pub(super) fn bare(holder: &Holder) -> Result<(), Error> {
    if !holder.attached_policies.is_empty() {
        return Err(Error::PoliciesAttached);
    }
    if !holder.inline_policies.is_empty() {
        return Err(Error::InlinePoliciesLeft);
    }
    Ok(())
}

/// Gives it another name or path; its id stays. Answers whether the name is another.
pub(super) async fn rename<E: Entity>(
    cx: &Cx,
    tx: &mut Tx,
    entity: &mut E,
    (new_name, new_path): (&Option<String>, &Option<String>),
) -> Result<(), Error> {
    let account = &cx.scope.account;
    let old = entity.name().to_owned();
    if let Some(name) = new_name.as_ref().filter(|name| name.to_lowercase() != old.to_lowercase())
        && store::find::<E>(tx, account, name).await?.is_some()
    {
        return Err(Error::AlreadyExists(E::KIND, name.clone()));
    }
    store::note_uses(tx, account, entity, false);
    store::delete::<E>(tx, account, &old);
    let holder = entity.holder_mut();
    holder.name = new_name.clone().unwrap_or(old);
    holder.path = new_path.clone().unwrap_or_else(|| holder.path.clone());
    holder.arn = cx.scope.global_arn("iam", &E::KIND.resource(&holder.path, &holder.name));
    store::note_uses(tx, account, entity, true);
    store::put(tx, account, entity)
}

/// The user that a request is about: the one it names, else the caller.
pub(super) fn user_name(cx: &Cx, named: &Option<String>) -> Result<String, Error> {
    if let Some(name) = named {
        return Ok(name.clone());
    }
    match &cx.caller.principal {
        Principal::User(arn) => {
            let name = crate::model::name_in(arn, Kind::User.word()).unwrap_or_default();
            Ok(name.to_owned())
        }
        _ => Err(Error::UserNameNeeded),
    }
}

/// A policy that may limit users and roles.
pub(super) async fn boundary(cx: &Cx, tx: &mut Tx, arn: &str) -> Result<String, Error> {
    let parsed = super::attachment::parsed(arn)?;
    let found = store::policy(tx, &cx.scope.account, &parsed).await?;
    found.map(|_| arn.to_owned()).ok_or_else(|| Error::NoSuchBoundary(arn.into()))
}

/// Limits a user or role by another policy, or by none.
pub(super) fn put_boundary<E: Entity>(cx: &Cx, tx: &mut Tx, entity: &mut E, new: Option<String>) -> Result<(), Error> {
    let account = &cx.scope.account;
    let name = entity.name().to_owned();
    let old = std::mem::replace(&mut entity.holder_mut().permissions_boundary, new.clone());
    for (arn, uses) in [(old, false), (new, true)] {
        if let Some(arn) = arn {
            store::note_use(tx, Usage::Boundary, &arn, (account, E::KIND, &name), uses);
        }
    }
    store::put(tx, account, entity)
}

/// A boundary as answers have it.
pub(super) fn shown_boundary(arn: &Option<String>) -> Option<AttachedPermissionsBoundary> {
    arn.as_ref().map(|arn| AttachedPermissionsBoundary {
        permissions_boundary_type: Some("PermissionsBoundaryPolicy".into()),
        permissions_boundary_arn: Some(arn.clone()),
    })
}
