//! What IAM knows of principals, ready for evaluation: parsed once, kept by the very bytes of their rows.
//!
//! Every request reads the rows themselves, so a change is in force with the next request. What is kept is only the work of reading them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Account, Arn};
use bytes::Bytes;
use kv::{Key, Tx};
use policy::{Attached, PolicyKind};
use service::Failure;

use crate::documents::Documents;
use crate::errors::Error;
use crate::model::{Entity, Group, Role, User};
use crate::store::{self, AnyPolicy};

/// Users, groups and roles that are kept, with policies of up to 10 KiB each.
const STANDINGS_MAX: usize = 4096;

/// What a user, group or role has, without the managed policies themselves: those are rows of their own.
#[derive(Debug)]
pub(crate) struct Standing {
    pub id: String,
    pub arn: Arn,
    /// `aws:PrincipalTag/key` and value.
    pub tags: Vec<(String, String)>,
    pub inline: Vec<Attached>,
    pub attached: Vec<String>,
    pub boundary: Option<String>,
    /// Names of a user's groups.
    pub groups: Vec<String>,
}

/// Standings by their rows. When it is full it starts anew.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    kept: Mutex<HashMap<Key, (Bytes, Arc<Standing>)>>,
    documents: Documents,
}

impl Standings {
    pub(crate) fn documents(&self) -> &Documents {
        &self.documents
    }

    pub(crate) async fn role(
        &self,
        tx: &mut Tx,
        account: &Account,
        name: &str,
    ) -> Result<Option<Arc<Standing>>, Error> {
        self.of::<Role>(tx, account, name, |_| Vec::new()).await
    }

    pub(crate) async fn user(
        &self,
        tx: &mut Tx,
        account: &Account,
        name: &str,
    ) -> Result<Option<Arc<Standing>>, Error> {
        self.of::<User>(tx, account, name, |user| user.groups.iter().cloned().collect()).await
    }

    pub(crate) async fn group(
        &self,
        tx: &mut Tx,
        account: &Account,
        name: &str,
    ) -> Result<Option<Arc<Standing>>, Error> {
        self.of::<Group>(tx, account, name, |_| Vec::new()).await
    }

    async fn of<E: Entity>(
        &self,
        tx: &mut Tx,
        account: &Account,
        name: &str,
        groups: impl Fn(&E) -> Vec<String> + Send,
    ) -> Result<Option<Arc<Standing>>, Error> {
        let Some((key, bytes)) = store::raw::<E>(tx, account, name).await? else { return Ok(None) };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((_, standing)) = kept.filter(|(row, _)| *row == bytes) {
            return Ok(Some(standing));
        }
        let entity: E = store::decode(&bytes)?;
        let groups = groups(&entity);
        let standing = Arc::new(self.read(&entity, groups)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if STANDINGS_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert(key, (bytes, Arc::clone(&standing)));
        Ok(Some(standing))
    }

    fn read<E: Entity>(&self, entity: &E, groups: Vec<String>) -> Result<Standing, Failure> {
        let holder = entity.holder();
        let inline = holder.inline_policies.iter();
        let inline = inline.map(|(name, document)| self.documents.attached(name, document, PolicyKind::Inline));
        let tag = |(key, value): (&String, &String)| (format!("aws:PrincipalTag/{key}"), value.clone());
        Ok(Standing {
            id: holder.id.clone(),
            arn: holder.arn.clone(),
            tags: holder.tags.iter().map(tag).collect(),
            inline: inline.collect::<Result<_, _>>()?,
            attached: holder.attached_policies.iter().cloned().collect(),
            boundary: holder.permissions_boundary.clone(),
            groups,
        })
    }

    /// What a principal's own policies and those attached to it allow.
    pub(crate) async fn policies(&self, tx: &mut Tx, standing: &Standing) -> Result<Vec<Attached>, Error> {
        let mut found = standing.inline.clone();
        for arn in &standing.attached {
            found.push(self.managed(tx, &standing.arn.account, arn).await?);
        }
        Ok(found)
    }

    /// A user's policies and those of its groups.
    pub(crate) async fn user_policies(&self, tx: &mut Tx, user: &Standing) -> Result<Vec<Attached>, Error> {
        let mut found = self.policies(tx, user).await?;
        let account = Account::from(user.arn.account.as_str());
        for name in &user.groups {
            if let Some(group) = self.group(tx, &account, name).await? {
                found.extend(self.policies(tx, &group).await?);
            }
        }
        Ok(found)
    }

    /// A managed policy as it is now. One that is gone allows nothing, which also holds for a limit.
    pub(crate) async fn managed(&self, tx: &mut Tx, account: &str, arn: &str) -> Result<Attached, Error> {
        let account = Account::from(account);
        let policy = match arn.parse() {
            Ok(parsed) => store::policy(tx, &account, &parsed).await?,
            Err(_) => None,
        };
        match policy {
            Some(AnyPolicy::Aws(managed)) => Ok(self.documents.attached(arn, managed.document, PolicyKind::Managed)?),
            Some(AnyPolicy::Own(policy)) => {
                let document = store::policy_document(tx, &policy, policy.default_version).await?;
                let document = std::str::from_utf8(&document).map_err(Failure::internal)?;
                Ok(self.documents.attached(arn, document, PolicyKind::Managed)?)
            }
            None => Ok(self.documents.attached(arn, NOTHING, PolicyKind::Managed)?),
        }
    }
}

/// A policy that says nothing of any action.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#;
