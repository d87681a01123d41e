//! What CreateTable and UpdateTable say of keys and capacity, checked in AWS's words.

use crate::errors::Error;
use crate::model::{BillingMode, KeyAttribute, KeySchema, ScalarKind};
use crate::wire::{AttributeDefinition, KeySchemaElement, ProvisionedThroughput};

/// How the table is paid for; PROVISIONED unless said otherwise.
pub(crate) fn billing_mode(
    mode: Option<&str>,
    throughput: Option<&ProvisionedThroughput>,
) -> Result<BillingMode, Error> {
    match (mode, throughput) {
        (Some("PAY_PER_REQUEST"), None) => Ok(BillingMode::PayPerRequest),
        (Some("PAY_PER_REQUEST"), Some(_)) => Err(Error::invalid(
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be \
             specified when BillingMode is PAY_PER_REQUEST",
        )),
        (_, Some(ProvisionedThroughput { read_capacity_units, write_capacity_units })) => {
            Ok(BillingMode::Provisioned { read_units: *read_capacity_units, write_units: *write_capacity_units })
        }
        (_, None) => Err(Error::invalid(
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be \
             specified when BillingMode is PROVISIONED",
        )),
    }
}

/// The key: a HASH attribute, then perhaps a RANGE one, each defined, and nothing else defined.
pub(crate) fn key_schema(
    elements: &[KeySchemaElement],
    definitions: &[AttributeDefinition],
) -> Result<KeySchema, Error> {
    let (hash, range) = match elements {
        [hash] => (hash, None),
        [hash, range] => (hash, Some(range)),
        _ => return Err(Error::invalid("Invalid KeySchema: A table has one or two key attributes")),
    };
    if hash.key_type != "HASH" {
        return Err(Error::invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    if let Some(range) = range {
        if range.key_type != "RANGE" {
            return Err(Error::invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
        }
        if range.attribute_name == hash.attribute_name {
            return Err(Error::invalid("Invalid KeySchema: Some index key attribute have no definition"));
        }
    }
    let twice = |at: usize, name: &str| definitions.iter().take(at).any(|before| before.attribute_name == name);
    if let Some((_, twin)) = definitions.iter().enumerate().find(|(at, one)| twice(*at, &one.attribute_name)) {
        return Err(Error::invalid(format!(
            "One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: {}",
            twin.attribute_name
        )));
    }
    let find = |element: &KeySchemaElement| {
        let of_name = |d: &&AttributeDefinition| d.attribute_name == element.attribute_name;
        let found = definitions.iter().find(of_name).ok_or_else(|| undefined(elements, definitions))?;
        Ok::<_, Error>(KeyAttribute { name: found.attribute_name.clone(), kind: scalar(&found.attribute_type)? })
    };
    let schema = KeySchema { hash: find(hash)?, range: range.map(find).transpose()? };
    if definitions.len() != elements.len() {
        return Err(Error::invalid(
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match \
             number of attributes defined in AttributeDefinitions",
        ));
    }
    Ok(schema)
}

fn scalar(kind: &str) -> Result<ScalarKind, Error> {
    match kind {
        "S" => Ok(ScalarKind::S),
        "N" => Ok(ScalarKind::N),
        "B" => Ok(ScalarKind::B),
        _ => Err(Error::invalid(format!("Invalid AttributeType: {kind}"))),
    }
}

fn undefined(elements: &[KeySchemaElement], definitions: &[AttributeDefinition]) -> Error {
    let keys: Vec<&str> = elements.iter().map(|element| element.attribute_name.as_str()).collect();
    let defined: Vec<&str> = definitions.iter().map(|definition| definition.attribute_name.as_str()).collect();
    Error::invalid(format!(
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. \
         Keys: [{}], AttributeDefinitions: [{}]",
        keys.join(", "),
        defined.join(", ")
    ))
}
