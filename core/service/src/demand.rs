//! What an operation demands of its caller.

use base::Arn;

/// One permission: an action on a resource, with the condition keys that the request gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Such as `s3:GetObject`.
    pub action: &'static str,
    /// An ARN, or `*` where the action has no resource.
    pub resource: String,
    pub context: Vec<(&'static str, Vec<String>)>,
    /// Condition keys that have a tag's key in their names, such as `aws:RequestTag/team`.
    pub tags: Vec<(String, String)>,
}

impl Demand {
    pub fn new(action: &'static str, resource: impl std::fmt::Display) -> Self {
        Self { action, resource: resource.to_string(), context: Vec::new(), tags: Vec::new() }
    }

    /// With a condition key's value.
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.context.push((key, vec![value.into()]));
        self
    }

    /// With a tag: `aws:RequestTag` for those of the request, `aws:ResourceTag` for those of the resource.
    pub fn with_tag(mut self, kind: &'static str, key: &str, value: &str) -> Self {
        self.tags.push((format!("{kind}/{key}"), value.to_owned()));
        self
    }

    /// The right to hand a role to a service.
    pub fn pass_role(role: &Arn, service: &str) -> Self {
        Self::new("iam:PassRole", role).with("iam:PassedToService", service)
    }
}
