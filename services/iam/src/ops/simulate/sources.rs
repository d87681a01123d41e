//! The policies of a simulation, and where each of their statements stands.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::{Account, Arn};
use kv::Tx;
use policy::{Attached, Context, Decision, Outcome, Policy, PolicyKind, Span, StatementRef};
use service::{Cx, Failure};

use super::super::attachment::parsed;
use crate::errors::Error;
use crate::model::{Entity, Group, Kind, Role, User, name_in};
use crate::store;
use crate::wire::iam::{Position, Statement};

/// As answers name policies of users, groups and roles, and those given as such (observed).
const IDENTITY_POLICY: &str = "IAM Policy";
const RESOURCE_POLICY: &str = "Resource Policy";

/// Every policy of a simulation. Each is attached under its number, which finds it again.
#[derive(Debug, Default)]
pub(in crate::ops) struct Sources(Vec<Source>);

#[derive(Debug)]
struct Source {
    id: String,
    policy_type: &'static str,
    policy: Arc<Policy>,
    spans: Vec<Span>,
}

impl Sources {
    fn add(&mut self, id: String, policy_type: &'static str, document: &str, policy: Policy) -> Attached {
        let policy = Arc::new(policy);
        let attached = Attached { name: self.0.len().to_string().into(), policy: Arc::clone(&policy) };
        self.0.push(Source { id, policy_type, policy, spans: policy::statement_spans(document) });
        attached
    }

    fn given(
        &mut self,
        id: String,
        policy_type: &'static str,
        document: &str,
        kind: PolicyKind,
    ) -> Result<Attached, Error> {
        match Policy::parse(document, kind) {
            Ok(policy) => Ok(self.add(id, policy_type, document, policy)),
            Err(error) => Err(Error::Simulation(format!("Invalid policy {id}: {error}"))),
        }
    }

    /// A policy that is stored.
    fn known(&mut self, id: String, document: &str, kind: PolicyKind) -> Result<Attached, Error> {
        let policy = Policy::stored(document, kind).map_err(Failure::internal)?;
        Ok(self.add(id, IDENTITY_POLICY, document, policy))
    }

    /// Policies that the request carries.
    pub(in crate::ops) fn add_inputs(&mut self, list: &str, documents: &[String]) -> Result<Vec<Attached>, Error> {
        let numbered = documents.iter().enumerate();
        let each = numbered.map(|(at, document)| {
            self.given(format!("{list}.{}", at + 1), IDENTITY_POLICY, document, PolicyKind::Inline)
        });
        each.collect()
    }

    /// The boundary that the request carries: one at most (docs).
    pub(super) fn add_boundary(&mut self, documents: &Option<Vec<String>>) -> Result<Option<Attached>, Error> {
        let documents = documents.as_deref().unwrap_or_default();
        if 1 < documents.len() {
            return Err(Error::Simulation("Only one permissions boundary policy can be given.".into()));
        }
        Ok(self.add_inputs("PermissionsBoundaryPolicyInputList", documents)?.pop())
    }

    /// The policy that every resource of the simulation has.
    pub(super) fn add_resource_policy(&mut self, document: &Option<String>) -> Result<Option<Attached>, Error> {
        let document = document.as_ref();
        let given =
            |document: &String| self.given("ResourcePolicy".into(), RESOURCE_POLICY, document, PolicyKind::Resource);
        document.map(given).transpose()
    }

    /// All that a user, group or role has: its ARN, its policies with those of its groups, and its boundary.
    pub(in crate::ops) async fn add_principal(
        &mut self,
        cx: &Cx,
        tx: &mut Tx,
        arn: &str,
    ) -> Result<(Arn, Vec<Attached>, Option<Attached>), Error> {
        let invalid = || Error::InvalidArn(arn.into());
        let parsed: Arn = arn.parse().map_err(|_| invalid())?;
        let kinds = [Kind::User, Kind::Group, Kind::Role];
        let named = kinds.into_iter().find_map(|kind| Some((kind, name_in(&parsed, kind.word())?)));
        let (kind, name) = named.ok_or_else(invalid)?;
        let missing = || Error::NoSuch(kind, name.to_owned());
        let mut found = Vec::new();
        let boundary = match kind {
            Kind::User => {
                let user: User = store::by_arn(tx, &parsed).await?.ok_or_else(missing)?;
                self.add_entity(tx, &user, &mut found).await?;
                for name in &user.groups {
                    if let Some(group) = store::find::<Group>(tx, &cx.scope.account, name).await? {
                        self.add_entity(tx, &group, &mut found).await?;
                    }
                }
                user.holder.permissions_boundary
            }
            Kind::Group => {
                let group: Group = store::by_arn(tx, &parsed).await?.ok_or_else(missing)?;
                self.add_entity(tx, &group, &mut found).await?;
                None
            }
            Kind::Role => {
                let role: Role = store::by_arn(tx, &parsed).await?.ok_or_else(missing)?;
                self.add_entity(tx, &role, &mut found).await?;
                role.holder.permissions_boundary
            }
        };
        let boundary = match boundary {
            Some(boundary) => self.add_managed(tx, &parsed.account, &boundary).await?,
            None => None,
        };
        Ok((parsed, found, boundary))
    }

    async fn add_entity<E: Entity>(&mut self, tx: &mut Tx, entity: &E, found: &mut Vec<Attached>) -> Result<(), Error> {
        let holder = entity.holder();
        for (name, document) in &holder.inline_policies {
            let id = format!("{}_{}_{name}", E::KIND.word(), holder.name);
            found.push(self.known(id, document, PolicyKind::Inline)?);
        }
        for arn in &holder.attached_policies {
            found.extend(self.add_managed(tx, &holder.arn.account, arn).await?);
        }
        Ok(())
    }

    async fn add_managed(&mut self, tx: &mut Tx, account: &str, arn: &str) -> Result<Option<Attached>, Error> {
        let Some(found) = store::policy(tx, &Account::from(account), &parsed(arn)?).await? else { return Ok(None) };
        let document = store::default_document(tx, &found).await?;
        self.known(found.name().to_owned(), &document, PolicyKind::Managed).map(Some)
    }

    fn of(&self, statement: &StatementRef) -> Option<&Source> {
        self.0.get(statement.source.name.parse::<usize>().ok()?)
    }

    /// A statement as answers name it.
    pub(super) fn statement(&self, statement: &StatementRef) -> Option<Statement> {
        let source = self.of(statement)?;
        let span = source.spans.get(statement.index);
        let position = |(line, column): (usize, usize)| Position {
            line: i32::try_from(line).ok(),
            column: i32::try_from(column).ok(),
        };
        Some(Statement {
            source_policy_id: Some(source.id.clone()),
            source_policy_type: Some(source.policy_type.into()),
            start_position: span.map(|span| position(span.start)),
            end_position: span.map(|span| position(span.end)),
        })
    }

    /// The keys that statements about the action ask for, and that nobody gave.
    pub(super) fn missing(&self, decision: &Decision, context: &Context) -> Vec<String> {
        let mut missing = BTreeSet::new();
        for looked in &decision.looked_at {
            if matches!(looked.outcome, Outcome::NotAction | Outcome::NotPrincipal) {
                continue;
            }
            let keys = self.of(&looked.statement).map(|source| source.policy.context_keys(looked.statement.index));
            missing.extend(keys.into_iter().flatten().filter(|key| context.get(key).is_none()));
        }
        missing.into_iter().collect()
    }

    /// The keys that any statement asks for.
    pub(in crate::ops) fn context_keys(&self) -> BTreeSet<String> {
        let each =
            self.0.iter().flat_map(|source| (0..source.policy.len()).map(|index| source.policy.context_keys(index)));
        each.flatten().collect()
    }
}
