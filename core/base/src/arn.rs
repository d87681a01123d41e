//! Amazon Resource Names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `arn:partition:service:region:account:resource`; region and account may be empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ARN: {0}")]
pub struct ArnError(pub String);

impl Arn {
    /// The resource's part after its type: `role/app` and `function:app` give `app`.
    pub fn resource_id(&self) -> &str {
        let at = self.resource.find(['/', ':']).map_or(0, |i| i + 1);
        self.resource.get(at..).unwrap_or("")
    }

    /// Whether text looks like an ARN, without judging its parts.
    pub fn is_arn(text: &str) -> bool {
        text.starts_with("arn:")
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or_else(|| ArnError(text.into()));
        if next()? != "arn" {
            return Err(ArnError(text.into()));
        }
        let (partition, service) = (next()?.into(), next()?.into());
        let (region, account, resource) = (next()?.into(), next()?.into(), String::from(next()?));
        if resource.is_empty() {
            return Err(ArnError(text.into()));
        }
        Ok(Self { partition, service, region, account, resource })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Piece by piece: every request spells several.
        f.write_str("arn")?;
        for part in [&self.partition, &self.service, &self.region, &self.account, &self.resource] {
            f.write_str(":")?;
            f.write_str(part)?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Arn {
    type Error = ArnError;
    fn try_from(text: String) -> Result<Self, ArnError> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_the_round_trip_with_colons_in_its_resource() {
        let text = "arn:aws:lambda:us-east-1:000000000000:function:app:live";
        let arn: Arn = text.parse().unwrap();
        assert_eq!(arn.resource, "function:app:live");
        assert_eq!(arn.resource_id(), "app:live");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in ["", "arn:aws", "app", "arn:aws:s3:::"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
