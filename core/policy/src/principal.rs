//! Who asks, and how statements name them.

use base::{Account, Arn};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// The root user of the account that the ARN (`...:root`) names.
    Root(Arn),
    /// An IAM user.
    User(Arn),
    /// A session of a role: the role's ARN with its path, and the session's own (`...:assumed-role/role/session`).
    Session { role: Arn, session: Arn },
    /// A service, such as `events.amazonaws.com`.
    Service(String),
    /// Somebody an identity provider vouches for: the provider's ARN or domain.
    Federated(String),
    /// Nobody in particular.
    Anonymous,
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(arn) | Self::User(arn) | Self::Session { session: arn, .. } => arn.fmt(f),
            Self::Service(name) | Self::Federated(name) => f.write_str(name),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl Principal {
    /// The account it belongs to; services, federated and anonymous ones have none.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root(arn) | Self::User(arn) | Self::Session { session: arn, .. } => Some(&arn.account),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }

    /// As denials and `aws:PrincipalArn`'s neighbours show it.
    pub fn name(&self) -> String {
        self.to_string()
    }

    /// The value of `aws:PrincipalArn`: for a session, its role.
    pub fn principal_arn(&self) -> Option<String> {
        match self {
            Self::Root(arn) | Self::User(arn) | Self::Session { role: arn, .. } => Some(arn.to_string()),
            Self::Service(_) | Self::Federated(_) | Self::Anonymous => None,
        }
    }
}

/// One entry of a Principal element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalPattern {
    Everyone,
    Account(String),
    /// A user, role or session.
    Arn(Arn),
    Service(String),
    Federated(String),
    /// Kept so that documents survive; matches nobody here.
    CanonicalUser(String),
}

/// How directly an entry names a principal, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// The account as a whole: its administrators decide further.
    Account,
    /// The role of a session.
    Role,
    /// The principal itself, or everyone.
    Itself,
}

impl PrincipalPattern {
    pub(crate) fn parse_aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if Account::parse(text).is_some() {
            return Some(Self::Account(text.into()));
        }
        let arn: Arn = text.parse().ok()?;
        let known = matches!(arn.service.as_str(), "iam" | "sts") && Account::parse(&arn.account).is_some();
        match (known, arn.resource.as_str()) {
            (true, "root") => Some(Self::Account(arn.account)),
            (true, resource) if !resource.contains(['*', '?']) => Some(Self::Arn(arn)),
            _ => None,
        }
    }

    /// How this entry names a principal, if it does.
    pub(crate) fn names(&self, principal: &Principal) -> Option<Naming> {
        let itself = |is: bool| is.then_some(Naming::Itself);
        match (self, principal) {
            (Self::Everyone, _) => Some(Naming::Itself),
            (Self::Account(account), _) if principal.account() == Some(account) => match principal {
                Principal::Root(_) => Some(Naming::Itself),
                _ => Some(Naming::Account),
            },
            (Self::Arn(arn), Principal::User(user)) => itself(arn == user),
            (Self::Arn(arn), Principal::Session { role, .. }) if arn == role => Some(Naming::Role),
            (Self::Arn(arn), Principal::Session { session, .. }) => itself(arn == session),
            (Self::Service(ours), Principal::Service(theirs)) => itself(ours.eq_ignore_ascii_case(theirs)),
            (Self::Federated(ours), Principal::Federated(theirs)) => itself(ours == theirs),
            _ => None,
        }
    }
}
