//! A request's expressions, parsed before any table is looked at, as AWS does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kv::Tx;
use service::{Cx, Demand};

use crate::attribute::ExpressionValues;
use crate::engine::condition::Condition;
use crate::engine::error::{ExpressionError, ExpressionKind};
use crate::engine::index;
use crate::engine::key_condition::{KeyCondition, KeyConditions, KeyQuery};
use crate::engine::placeholders::Placeholders;
use crate::engine::projection::Projection;
use crate::engine::update::Update;
use crate::errors::Error;
use crate::model::{Item, PrimaryKey, Table};
use crate::ops::legacy::Old;
use crate::ops::source::Source;
use crate::{names, store};

/// The expressions of a request as they came.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Given<'i> {
    pub names: Option<&'i BTreeMap<String, String>>,
    pub values: Option<&'i ExpressionValues>,
    pub condition: Option<&'i str>,
    pub update: Option<&'i str>,
    pub filter: Option<&'i str>,
    pub key_condition: Option<&'i str>,
    pub projection: Option<&'i str>,
    /// What it says instead of expressions.
    pub old: Old<'i>,
    /// The expressions that could have used values; the error of values without any names them.
    pub takes_values: &'static str,
}

/// The projection of a read by key, and what it asks of permissions.
pub(crate) fn projection(
    text: &Option<String>,
    names: &Option<BTreeMap<String, String>>,
    attributes_to_get: Option<&Vec<String>>,
) -> Result<(Option<Projection>, Asked), Error> {
    let old = Old { attributes_to_get, ..Old::default() };
    let given = Given { names: names.as_ref(), projection: text.as_deref(), old, ..Given::default() };
    let expressions = given.parse()?;
    let asked = Asked::of(&expressions).selecting(None, expressions.projection.as_ref());
    Ok((expressions.projection, asked))
}

/// The expressions of a request, parsed.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    pub condition: Option<Condition>,
    pub update: Option<Update>,
    pub filter: Option<Condition>,
    pub key_conditions: Option<KeyConditions>,
    pub projection: Option<Projection>,
}

impl<'i> Given<'i> {
    /// Those of a write that a condition guards.
    pub(crate) fn guarding(
        condition: Option<&'i str>,
        names: &'i Option<BTreeMap<String, String>>,
        values: &'i Option<ExpressionValues>,
    ) -> Self {
        let takes_values = ": ConditionExpression is null";
        Self { names: names.as_ref(), values: values.as_ref(), condition, takes_values, ..Self::default() }
    }

    /// Parses all of them and refuses placeholders that none uses.
    pub(crate) fn parse(self) -> Result<Expressions, ExpressionError> {
        let Self { names, values, condition, update, filter, key_condition, projection, old, takes_values } = self;
        let given = [
            ("ProjectionExpression", projection),
            ("FilterExpression", filter),
            ("UpdateExpression", update),
            ("ConditionExpression", condition),
            ("KeyConditionExpression", key_condition),
        ];
        let given: Vec<&str> = given.into_iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name).collect();
        old.check_alone(&given)?;
        let with_values = [condition, update, filter, key_condition];
        let any_with_values = with_values.iter().any(Option::is_some);
        if names.is_some() && !any_with_values && projection.is_none() {
            return Err(ExpressionError::NoExpressions("ExpressionAttributeNames", ""));
        }
        if values.is_some() && !any_with_values {
            return Err(ExpressionError::NoExpressions("ExpressionAttributeValues", takes_values));
        }
        let of_old = Expressions::of_old(old)?;
        if !any_with_values && projection.is_none() {
            return Ok(of_old);
        }
        let mut holders = Placeholders::new(names.cloned(), values.map(|values| values.0.clone()))?;
        let update = update.map(|text| Update::parse(text, &mut holders)).transpose()?;
        let condition =
            condition.map(|text| Condition::parse(ExpressionKind::Condition, text, &mut holders)).transpose()?;
        let filter = filter.map(|text| Condition::parse(ExpressionKind::Filter, text, &mut holders)).transpose()?;
        let key_condition = key_condition.map(|text| KeyCondition::parse(text, &mut holders)).transpose()?;
        let projection = projection.map(|text| Projection::parse(text, &mut holders)).transpose()?;
        holders.finish()?;
        let key_conditions = key_condition.map(KeyCondition::conditions).transpose()?.or(of_old.key_conditions);
        Ok(Expressions { condition, update, filter, key_conditions, projection })
    }
}

impl Expressions {
    fn of_old(old: Old<'_>) -> Result<Self, ExpressionError> {
        let condition = old.condition()?;
        let guards = old.query_filter.is_none() && old.scan_filter.is_none();
        let (condition, filter) = if guards { (condition, None) } else { (None, condition) };
        Ok(Self {
            condition,
            filter,
            update: old.update()?,
            key_conditions: old.keys()?,
            projection: old.projection()?,
        })
    }
}

/// The table that a request about items names. Whoever may not use it is not told whether it is there.
pub(crate) async fn table(cx: &Cx, tx: &mut Tx, action: &'static str, given: &str) -> Result<Arc<Table>, Error> {
    let name = names::table_name(&cx.scope, given)?;
    let found = store::table(tx, &cx.scope, name).await?;
    if found.is_none() {
        cx.demand(Demand::new(action, names::table_arn(&cx.scope, name))).await?;
    }
    found.ok_or(Error::ResourceNotFound)
}

/// Refuses a condition that goes into a key, of the table or of an index.
pub(crate) fn check_condition(table: &Table, condition: &Condition) -> Result<(), Error> {
    condition.check_key_paths(&table.key_schema)?;
    Ok(index::check_paths(table, condition.nested_roots())?)
}

/// Refuses a projection that goes into a key, of the table or of an index.
pub(crate) fn check_projection(table: &Table, projection: Option<&Projection>) -> Result<(), Error> {
    let Some(projection) = projection else { return Ok(()) };
    projection.check_key_paths(&table.key_schema)?;
    Ok(index::check_paths(table, projection.nested_roots())?)
}

/// Refuses an update that touches the table's key, or puts into an index's what cannot be there.
pub(crate) fn check_update(table: &Table, update: &Update) -> Result<(), Error> {
    update.check_keys(&table.key_schema)?;
    Ok(index::check_update(table, update)?)
}

/// Demands the action on the items with these partition keys, and hands them back; a key that cannot be one is refused
/// only after that.
///
/// Only the table's schema says which attribute is `dynamodb:LeadingKeys`, so the operation demands, not its table.
pub(crate) async fn permitted<K: Leading, E>(
    cx: &Cx,
    action: &'static str,
    table: &Table,
    keys: Result<K, E>,
    asked: Asked,
) -> Result<K, Error>
where
    Error: From<E>,
{
    let Asked { mut attributes, returned, index } = asked;
    attributes.extend(table.key_schema.attributes().map(|key| key.name.clone()));
    let resource = match &index {
        Some(index) => names::index_arn(&cx.scope, &table.name, index),
        None => names::table_arn(&cx.scope, &table.name),
    };
    let mut demand = Demand::new(action, resource);
    demand.context.push(("dynamodb:Attributes", attributes.into_iter().collect()));
    demand.context.extend(returned.map(|(name, value)| (name, vec![value])));
    if let Ok(keys) = &keys {
        demand.context.extend(keys.leading().map(|hashes| ("dynamodb:LeadingKeys", hashes)));
    }
    cx.demand(demand).await?;
    Ok(keys?)
}

/// What names partitions.
pub(crate) trait Leading {
    /// The partition keys, as policies write them; none where all are read.
    fn leading(&self) -> Option<Vec<String>>;
}

impl Leading for PrimaryKey {
    fn leading(&self) -> Option<Vec<String>> {
        Some(vec![self.hash.to_string()])
    }
}

impl Leading for Vec<PrimaryKey> {
    fn leading(&self) -> Option<Vec<String>> {
        Some(self.iter().map(|key| key.hash.to_string()).collect())
    }
}

impl Leading for KeyQuery {
    fn leading(&self) -> Option<Vec<String>> {
        Some(vec![self.hash.to_string()])
    }
}

impl<S> Leading for (S, KeyQuery) {
    fn leading(&self) -> Option<Vec<String>> {
        self.1.leading()
    }
}

impl Leading for Source<'_> {
    fn leading(&self) -> Option<Vec<String>> {
        None
    }
}

impl Leading for Option<PrimaryKey> {
    fn leading(&self) -> Option<Vec<String>> {
        self.as_ref().and_then(Leading::leading)
    }
}

/// What a request asks about items, for policies that end at attributes.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Top-level attributes that it names; the key's come by themselves.
    attributes: BTreeSet<String>,
    /// What it wants to be shown: `dynamodb:Select` or `dynamodb:ReturnValues`.
    returned: Option<(&'static str, String)>,
    /// The index that it reads.
    index: Option<String>,
}

impl Asked {
    /// The attributes in expressions.
    pub(crate) fn of(expressions: &Expressions) -> Self {
        let Expressions { condition, update, filter, key_conditions: _, projection } = expressions;
        let conditions = condition.iter().chain(filter).flat_map(Condition::roots);
        let updates = update.iter().flat_map(Update::roots);
        let shown = projection.iter().flat_map(Projection::roots);
        let attributes = conditions.chain(updates).chain(shown).map(str::to_owned).collect();
        Self { attributes, returned: None, index: None }
    }

    /// With the attributes of an item.
    pub(crate) fn naming(mut self, item: &Item) -> Self {
        self.attributes.extend(item.keys().cloned());
        self
    }

    /// Of a read of an index, if it names one.
    pub(crate) fn through(mut self, index: Option<&str>) -> Self {
        self.index = index.map(str::to_owned);
        self
    }

    /// Of a write that shows what was or is.
    pub(crate) fn returning(mut self, return_values: Option<&str>) -> Self {
        self.returned = Some(("dynamodb:ReturnValues", return_values.unwrap_or("NONE").to_owned()));
        self
    }

    /// Of a read that shows all attributes unless it has a projection or counts.
    pub(crate) fn selecting(mut self, select: Option<&str>, projection: Option<&Projection>) -> Self {
        let unsaid = if projection.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
        self.returned = Some(("dynamodb:Select", select.unwrap_or(unsaid).to_owned()));
        self
    }
}
