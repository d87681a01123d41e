//! Tables as requests name them: by name or by ARN.

use base::{Arn, Scope};

use crate::errors::Error;

/// Shortest and longest name (model).
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=255;

/// The name of the table, where the ARN is of this scope.
pub(crate) fn table_name<'a>(scope: &Scope, given: &'a str) -> Result<&'a str, Error> {
    let Ok(arn) = given.parse::<Arn>() else {
        check(given)?;
        return Ok(given);
    };
    let name = given.split_once(":table/").map(|(_, name)| name).filter(|name| !name.contains('/'));
    match name {
        Some(name) if arn == scope.arn("dynamodb", &format!("table/{name}")) => check(name).map(|()| name),
        Some(_) => Err(Error::ResourceNotFound),
        None => Err(Error::invalid(format!("Invalid TableArn: Invalid ResourceArn provided as input {given}"))),
    }
}

/// The ARN that permissions on the table are demanded on.
pub(crate) fn table_arn(scope: &Scope, given: &str) -> Arn {
    given.parse().unwrap_or_else(|_| scope.arn("dynamodb", &format!("table/{given}")))
}

/// The ARN of an index.
pub(crate) fn index_arn(scope: &Scope, table: &str, index: &str) -> Arn {
    scope.arn("dynamodb", &format!("table/{table}/index/{index}"))
}

fn check(name: &str) -> Result<(), Error> {
    let broken = if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        "satisfy regular expression pattern: [a-zA-Z0-9_.-]+".to_owned()
    } else if name.len() < *NAME_LENGTHS.start() {
        format!("have length greater than or equal to {}", NAME_LENGTHS.start())
    } else if *NAME_LENGTHS.end() < name.len() {
        format!("have length less than or equal to {}", NAME_LENGTHS.end())
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!(
        "1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: Member must {broken}"
    )))
}
