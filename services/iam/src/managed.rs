//! AWS's managed policies, as many as are here: their ARNs, ids and documents are AWS's own.

use base::{Account, Arn, Scope, Timestamp};

use crate::model::policy_resource;

/// The account in the ARNs of AWS's own policies.
const OWNER: &str = "aws";

/// A managed policy.
#[derive(Debug)]
pub(crate) struct Managed {
    pub name: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    /// Seconds since 1970.
    pub created: i64,
    pub document: &'static str,
}

const ALL: &[Managed] = &[
    Managed {
        name: "AWSLambdaBasicExecutionRole",
        path: "/service-role/",
        id: "ANPAJNCQGXC42545SKXIK",
        version: "v1",
        description: "Provides write permissions to CloudWatch Logs.",
        created: 1_428_591_823,
        document: include_str!("managed/AWSLambdaBasicExecutionRole.json"),
    },
    Managed {
        name: "AdministratorAccess",
        path: "/",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        version: "v1",
        description: "Provides full access to AWS services and resources.",
        created: 1_423_247_986,
        document: include_str!("managed/AdministratorAccess.json"),
    },
    Managed {
        name: "AmazonDynamoDBFullAccess",
        path: "/",
        id: "ANPAINUGF2JSOSUY76KYA",
        version: "v15",
        description: "Provides full access to Amazon DynamoDB via the AWS Management Console.",
        created: 1_423_248_011,
        document: include_str!("managed/AmazonDynamoDBFullAccess.json"),
    },
    Managed {
        name: "AmazonS3FullAccess",
        path: "/",
        id: "ANPAIFIR6V6BVTRAHWINE",
        version: "v2",
        description: "Provides full access to all buckets via the AWS Management Console.",
        created: 1_423_248_058,
        document: include_str!("managed/AmazonS3FullAccess.json"),
    },
];

impl Managed {
    /// The managed policy with this ARN, in whatever partition.
    pub(crate) fn find(arn: &Arn) -> Option<&'static Self> {
        let ours = arn.service == "iam" && arn.region.is_empty() && arn.account == OWNER;
        let path_and_name = arn.resource.strip_prefix("policy").filter(|_| ours)?;
        ALL.iter().find(|managed| path_and_name.strip_prefix(managed.path).is_some_and(|name| name == managed.name))
    }

    /// All of them.
    pub(crate) fn all() -> &'static [Self] {
        ALL
    }

    /// Its ARN in the partition of a request.
    pub(crate) fn arn(&self, scope: &Scope) -> Arn {
        let owner = Scope { account: Account::from(OWNER), ..scope.clone() };
        owner.global_arn("iam", &policy_resource(self.path, self.name))
    }

    pub(crate) fn created(&self) -> Timestamp {
        Timestamp::default().plus_seconds(self.created)
    }
}

#[cfg(test)]
mod tests {
    use base::Region;
    use policy::{Policy, PolicyKind};

    use super::*;

    fn arn(managed: &Managed, region: &str) -> Arn {
        managed.arn(&Scope::new(Account::from("000000000000"), Region::from(region)))
    }

    #[test]
    fn every_document_is_a_valid_managed_policy_and_found_by_its_arn() {
        for managed in ALL {
            assert_eq!(Policy::parse(managed.document, PolicyKind::Managed).err(), None, "{}", managed.name);
            let found = Managed::find(&arn(managed, "us-east-1"));
            assert_eq!(found.map(|found| found.name), Some(managed.name));
        }
    }

    #[test]
    fn the_arns_and_dates_are_those_of_aws() {
        let check = |index: usize, expected: &str, created: &str| {
            assert_eq!(arn(&ALL[index], "eu-west-1").to_string(), expected);
            assert_eq!(ALL[index].created().iso8601(), created);
        };
        check(0, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "2015-04-09T15:03:43Z");
        check(1, "arn:aws:iam::aws:policy/AdministratorAccess", "2015-02-06T18:39:46Z");
        check(2, "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", "2015-02-06T18:40:11Z");
        check(3, "arn:aws:iam::aws:policy/AmazonS3FullAccess", "2015-02-06T18:40:58Z");
        let other = "arn:aws:iam::000000000000:policy/AdministratorAccess".parse().unwrap();
        assert!(Managed::find(&other).is_none());
    }
}
