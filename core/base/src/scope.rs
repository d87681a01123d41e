//! Where a resource lives: account, region, partition.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Arn;

macro_rules! word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

word! {
    /// An account id: 12 digits.
    Account
}
word! {
    /// A region's name, such as `us-east-1`. Every region exists.
    Region
}
word! {
    /// `aws`, `aws-cn`, ...: decided by the region.
    Partition
}

impl Account {
    /// The account of a server that was started without `--account`.
    pub const DEFAULT: &'static str = "000000000000";

    /// Parses 12 digits; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::is_account(text).then(|| Self::from(text))
    }

    /// Whether text is 12 digits.
    pub fn is_account(text: &str) -> bool {
        text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
    }
}

impl Region {
    /// Where a request goes that names no region.
    pub const DEFAULT: &'static str = "us-east-1";

    /// The partition this region is in, by its prefix (as botocore's partitions do).
    pub fn partition(&self) -> Partition {
        match self.as_str() {
            r if r.starts_with("cn-") => Partition::from("aws-cn"),
            r if r.starts_with("us-gov-") => Partition::from("aws-us-gov"),
            _ => Partition::from("aws"),
        }
    }
}

/// Account, region and partition of a request: what a house's keys and ARNs begin with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    pub account: Account,
    pub region: Region,
    pub partition: Partition,
}

impl Scope {
    pub fn new(account: Account, region: Region) -> Self {
        let partition = region.partition();
        Self { account, region, partition }
    }

    /// The ARN of a regional resource of this scope.
    pub fn arn(&self, service: &str, resource: &str) -> Arn {
        Arn {
            partition: self.partition.as_str().into(),
            service: service.into(),
            region: self.region.as_str().into(),
            account: self.account.as_str().into(),
            resource: resource.into(),
        }
    }

    /// The ARN of a resource of a global service, which names no region (IAM, STS).
    pub fn global_arn(&self, service: &str, resource: &str) -> Arn {
        Arn { region: String::new(), ..self.arn(service, resource) }
    }

    /// The ARN of a resource that names neither region nor account (S3).
    pub fn bare_arn(&self, service: &str, resource: &str) -> Arn {
        Arn { account: String::new(), ..self.global_arn(service, resource) }
    }
}
