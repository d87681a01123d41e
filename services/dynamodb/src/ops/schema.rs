//! What CreateTable and UpdateTable say of keys and capacity, checked in AWS's words.

use crate::errors::Error;
use crate::model::{BillingMode, Index, KeyAttribute, KeySchema, ScalarKind};
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

/// A table's key: a HASH attribute, then perhaps a RANGE one, each defined.
pub(crate) fn key_schema(
    elements: &[KeySchemaElement],
    definitions: &[AttributeDefinition],
) -> Result<KeySchema, Error> {
    let (hash, range) = parts(elements)?;
    if range.is_some_and(|range| range.attribute_name == hash.attribute_name) {
        return Err(Error::invalid("Invalid KeySchema: Some index key attribute have no definition"));
    }
    let twice = |at: usize, name: &str| definitions.iter().take(at).any(|before| before.attribute_name == name);
    if let Some((_, twin)) = definitions.iter().enumerate().find(|(at, one)| twice(*at, &one.attribute_name)) {
        return Err(Error::invalid(format!(
            "One or more parameter values were invalid: Duplicate AttributeName in AttributeDefinitions: {}",
            twin.attribute_name
        )));
    }
    let known = known(definitions)?;
    defined(elements, hash, range, &known)
}

/// An index's key, of attributes that are known.
pub(crate) fn index_key(elements: &[KeySchemaElement], known: &[KeyAttribute]) -> Result<KeySchema, Error> {
    // The model wants one.
    let Some(hash) = elements.first() else { return Err(Error::invalid("Invalid KeySchema: It is empty")) };
    let schema = defined(elements, hash, elements.get(1), known)?;
    if elements.get(1).is_some_and(|range| range.attribute_name == hash.attribute_name) {
        return Err(Error::invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name"));
    }
    parts(elements)?;
    Ok(schema)
}

/// The attributes that a request defines.
pub(crate) fn known(definitions: &[AttributeDefinition]) -> Result<Vec<KeyAttribute>, Error> {
    let attribute = |definition: &AttributeDefinition| {
        Ok(KeyAttribute { name: definition.attribute_name.clone(), kind: scalar(&definition.attribute_type)? })
    };
    definitions.iter().map(attribute).collect()
}

/// Refuses a definition that no key uses.
pub(crate) fn check_all_used(
    definitions: &[AttributeDefinition],
    table: &KeySchema,
    indexes: &[Index],
) -> Result<(), Error> {
    let schemas = || std::iter::once(table).chain(indexes.iter().map(|index| &index.key_schema));
    if definitions.iter().all(|definition| schemas().any(|schema| schema.contains(&definition.attribute_name))) {
        return Ok(());
    }
    if indexes.is_empty() {
        return Err(Error::invalid(
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match \
             number of attributes defined in AttributeDefinitions",
        ));
    }
    let mut used = Vec::new();
    for key in schemas().flat_map(KeySchema::attributes) {
        if !used.contains(&key.name.as_str()) {
            used.push(key.name.as_str());
        }
    }
    let defined: Vec<&str> = definitions.iter().map(|definition| definition.attribute_name.as_str()).collect();
    Err(Error::invalid(format!(
        "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [{}], \
         keys used: [{}]",
        defined.join(", "),
        used.join(", ")
    )))
}

/// A key as answers describe it.
pub(crate) fn elements(key: &KeySchema) -> Vec<KeySchemaElement> {
    let element = |(key, role): (&KeyAttribute, &str)| KeySchemaElement {
        attribute_name: key.name.clone(),
        key_type: role.to_owned(),
    };
    key.attributes().zip(["HASH", "RANGE"]).map(element).collect()
}

fn parts(elements: &[KeySchemaElement]) -> Result<(&KeySchemaElement, Option<&KeySchemaElement>), Error> {
    let (hash, range) = match elements {
        [hash] => (hash, None),
        [hash, range] => (hash, Some(range)),
        _ => return Err(Error::invalid("Invalid KeySchema: A table has one or two key attributes")),
    };
    if hash.key_type != "HASH" {
        return Err(Error::invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"));
    }
    if range.is_some_and(|range| range.key_type != "RANGE") {
        return Err(Error::invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"));
    }
    Ok((hash, range))
}

fn defined(
    elements: &[KeySchemaElement],
    hash: &KeySchemaElement,
    range: Option<&KeySchemaElement>,
    known: &[KeyAttribute],
) -> Result<KeySchema, Error> {
    let find = |element: &KeySchemaElement| {
        let found = known.iter().find(|key| key.name == element.attribute_name);
        found.cloned().ok_or_else(|| undefined(elements, known))
    };
    Ok(KeySchema { hash: find(hash)?, range: range.map(find).transpose()? })
}

fn scalar(kind: &str) -> Result<ScalarKind, Error> {
    match kind {
        "S" => Ok(ScalarKind::S),
        "N" => Ok(ScalarKind::N),
        "B" => Ok(ScalarKind::B),
        _ => Err(Error::invalid(format!("Invalid AttributeType: {kind}"))),
    }
}

fn undefined(elements: &[KeySchemaElement], known: &[KeyAttribute]) -> Error {
    let keys: Vec<&str> = elements.iter().map(|element| element.attribute_name.as_str()).collect();
    let defined: Vec<&str> = known.iter().map(|key| key.name.as_str()).collect();
    Error::invalid(format!(
        "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. \
         Keys: [{}], AttributeDefinitions: [{}]",
        keys.join(", "),
        defined.join(", ")
    ))
}
