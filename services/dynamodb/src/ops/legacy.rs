//! The parameters that expressions have replaced, taken apart.

use std::collections::BTreeMap;

use crate::engine::condition::Condition;
use crate::engine::key_condition::KeyConditions;
use crate::engine::legacy::{self, Join, LegacyError, OldCondition, OldUpdate};
use crate::engine::projection::Projection;
use crate::engine::update::Update;
use crate::wire::{self, AttributeValueUpdate, ExpectedAttributeValue};

/// Conditions on attributes by their names, as filters and keys have them.
type Conditions = BTreeMap<String, wire::Condition>;

/// Those of a request.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Old<'i> {
    pub expected: Option<&'i BTreeMap<String, ExpectedAttributeValue>>,
    pub query_filter: Option<&'i Conditions>,
    pub scan_filter: Option<&'i Conditions>,
    pub key_conditions: Option<&'i Conditions>,
    pub conditional_operator: Option<&'i str>,
    pub attribute_updates: Option<&'i BTreeMap<String, AttributeValueUpdate>>,
    pub attributes_to_get: Option<&'i Vec<String>>,
}

impl<'i> Old<'i> {
    /// Those of a write that a condition guards.
    pub(crate) fn guarding(
        expected: &'i Option<BTreeMap<String, ExpectedAttributeValue>>,
        conditional_operator: &'i Option<String>,
    ) -> Self {
        let conditional_operator = conditional_operator.as_deref();
        Self { expected: expected.as_ref(), conditional_operator, ..Self::default() }
    }

    /// Those of a Query.
    pub(crate) fn querying(
        key_conditions: &'i Option<Conditions>,
        query_filter: &'i Option<Conditions>,
        conditional_operator: &'i Option<String>,
        attributes_to_get: &'i Option<Vec<String>>,
    ) -> Self {
        Self {
            key_conditions: key_conditions.as_ref(),
            query_filter: query_filter.as_ref(),
            conditional_operator: conditional_operator.as_deref(),
            attributes_to_get: attributes_to_get.as_ref(),
            ..Self::default()
        }
    }

    /// Refuses them beside expressions, which are given by name. Only key conditions may stand beside other expressions
    /// than their own (observed).
    pub(crate) fn check_alone(&self, expressions: &[&str]) -> Result<(), LegacyError> {
        let keys = self.key_conditions.is_some() && expressions.contains(&"KeyConditionExpression");
        let given = [
            ("AttributesToGet", self.attributes_to_get.is_some()),
            ("AttributeUpdates", self.attribute_updates.is_some()),
            ("QueryFilter", self.query_filter.is_some()),
            ("ScanFilter", self.scan_filter.is_some()),
            ("Expected", self.expected.is_some()),
            ("ConditionalOperator", self.conditional_operator.is_some()),
            ("KeyConditions", keys),
        ];
        let old: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        if old.is_empty() || expressions.is_empty() {
            return Ok(());
        }
        Err(LegacyError::Mixed(old.join(", "), expressions.join(", ")))
    }

    /// Expected, or a filter.
    pub(crate) fn condition(&self) -> Result<Option<Condition>, LegacyError> {
        let mut conditions = Vec::new();
        for (attribute, expected) in self.expected.into_iter().flatten() {
            conditions.push(of_expected(attribute, expected)?);
        }
        let filters = self.query_filter.into_iter().chain(self.scan_filter).flatten();
        conditions.extend(filters.map(|(attribute, condition)| of_condition(attribute, condition)));
        let join = self.conditional_operator.map(|operator| if operator == "OR" { Join::Or } else { Join::And });
        legacy::condition(&conditions, join)
    }

    pub(crate) fn keys(&self) -> Result<Option<KeyConditions>, LegacyError> {
        let Some(conditions) = self.key_conditions else { return Ok(None) };
        let conditions: Vec<_> = conditions.iter().map(|(name, condition)| of_condition(name, condition)).collect();
        legacy::key_conditions(&conditions).map(Some)
    }

    pub(crate) fn projection(&self) -> Result<Option<Projection>, LegacyError> {
        self.attributes_to_get.map(|names| legacy::projection(names)).transpose()
    }

    pub(crate) fn update(&self) -> Result<Option<Update>, LegacyError> {
        let Some(updates) = self.attribute_updates else { return Ok(None) };
        let one = |(attribute, update): (&'i String, &'i AttributeValueUpdate)| {
            let AttributeValueUpdate { value, action } = update;
            OldUpdate { attribute, action: action.as_deref().unwrap_or("PUT"), value: value.as_ref() }
        };
        legacy::update(&updates.iter().map(one).collect::<Vec<_>>()).map(Some)
    }
}

fn of_condition<'v>(attribute: &'v str, condition: &'v wire::Condition) -> OldCondition<'v> {
    let wire::Condition { attribute_value_list, comparison_operator } = condition;
    let values = attribute_value_list.iter().flatten().collect();
    OldCondition { attribute, operator: comparison_operator, values }
}

fn of_expected<'v>(attribute: &'v str, expected: &'v ExpectedAttributeValue) -> Result<OldCondition<'v>, LegacyError> {
    let ExpectedAttributeValue { value, exists, comparison_operator, attribute_value_list } = expected;
    let refused = |text: &str| Err(LegacyError::Expected(text.to_owned(), attribute.to_owned()));
    if value.is_some() && attribute_value_list.is_some() {
        return refused("Value and AttributeValueList cannot be used together");
    }
    let of = |operator, values| Ok(OldCondition { attribute, operator, values });
    match (comparison_operator.as_deref(), attribute_value_list, exists, value) {
        (Some(_), _, Some(_), _) => refused("Exists and ComparisonOperator cannot be used together"),
        (Some(operator), None, None, None) if !matches!(operator, "NULL" | "NOT_NULL") => {
            refused(&format!("Value or AttributeValueList must be used with ComparisonOperator: {operator}"))
        }
        (Some(operator), list, None, value) => of(operator, list.iter().flatten().chain(value).collect()),
        (None, Some(_), _, _) => refused("AttributeValueList can only be used with a ComparisonOperator"),
        (None, None, Some(false), Some(_)) => refused("Value cannot be used when Exists is false"),
        (None, None, Some(false), None) => of("NULL", Vec::new()),
        (None, None, None | Some(true), Some(value)) => of("EQ", vec![value]),
        (None, None, Some(true), None) => refused("Value must be provided when Exists is true"),
        (None, None, None, None) => refused("Value must be provided when Exists is null"),
    }
}
