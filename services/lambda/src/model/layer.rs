//! Layers: packages that functions share, in numbered versions.

use base::{Arn, Scope, Timestamp};
use serde::{Deserialize, Serialize};
use service::Cx;

use crate::errors::Error;
use crate::model::{Code, Permission};

/// Quota: a function has at most 5 layers (docs).
pub(crate) const LAYERS_MAX: usize = 5;

/// A stored layer; versions of the form are told apart here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum LayerRecord {
    V1(Layer),
}

/// What is kept of a layer as a whole: numbers are never given twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub name: String,
    pub last: u32,
}

/// A stored layer version; versions of the form are told apart here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum LayerVersionRecord {
    V1(LayerVersion),
}

/// One version of a layer; only its policy changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct LayerVersion {
    pub name: String,
    pub number: u32,
    pub code: Code,
    pub description: String,
    pub license: Option<String>,
    pub runtimes: Option<Vec<String>>,
    pub architectures: Option<Vec<String>>,
    pub created: Timestamp,
    pub permissions: Vec<Permission>,
    pub revision: String,
}

impl LayerVersion {
    /// Whether a listing that wants a runtime and an architecture shows it. Who says nothing fits everything.
    pub fn fits(&self, runtime: Option<&str>, architecture: Option<&str>) -> bool {
        let holds = |list: &Option<Vec<String>>, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| list.as_ref().is_some_and(|list| list.iter().any(|one| one == wanted)))
        };
        holds(&self.runtimes, runtime) && holds(&self.architectures, architecture)
    }
}

/// A layer version as a function has it: it stays, whatever becomes of the layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UsedLayer {
    pub arn: Arn,
    pub code: Code,
}

/// The layer that a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LayerTarget {
    pub scope: Scope,
    pub name: String,
    pub number: Option<u32>,
}

impl LayerTarget {
    /// By a name, or the ARN of a layer, with a number beside it.
    pub fn lenient(cx: &Cx, name: &str, number: Option<i64>) -> Self {
        let number = number.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
        match Self::of_arn(name) {
            Some(target) => Self { number: target.number.or(number), ..target },
            None => Self { scope: cx.scope.clone(), name: name.to_owned(), number },
        }
    }

    /// The same, if it is one of this region.
    pub fn new(cx: &Cx, name: &str, number: Option<i64>) -> Result<Self, Error> {
        let target = Self::lenient(cx, name, number);
        if target.scope.region != cx.scope.region {
            let text = format!(
                "Layers from '{}' are not reachable in this region ('{}')",
                target.scope.region, cx.scope.region
            );
            return Err(Error::InvalidParameter(text));
        }
        Ok(target)
    }

    /// By the ARN of a layer or a version of it.
    pub fn of_arn(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let (kind, rest) = arn.resource.split_once(':')?;
        if arn.service != "lambda" || kind != "layer" {
            return None;
        }
        let (name, number) = match rest.split_once(':') {
            Some((name, number)) => (name, Some(number.parse().ok()?)),
            None => (rest, None),
        };
        let scope = Scope::new(arn.account.as_str().into(), arn.region.as_str().into());
        Some(Self { scope, name: name.to_owned(), number })
    }

    pub fn arn(&self) -> Arn {
        self.scope.arn("lambda", &format!("layer:{}", self.name))
    }

    /// The ARN of the version, if one is meant.
    pub fn version_arn(&self) -> Arn {
        match self.number {
            Some(number) => self.numbered(number),
            None => self.arn(),
        }
    }

    pub fn numbered(&self, number: u32) -> Arn {
        self.scope.arn("lambda", &format!("layer:{}:{number}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, &str, Option<u32>)>) {
        let found = LayerTarget::of_arn(text);
        let found = found.as_ref().map(|target| (target.scope.region.as_str(), target.name.as_str(), target.number));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn arns_of_layers() {
        let arn = |rest: &str| format!("{}:lambda:eu-west-1:123456789012:{rest}", concat!("arn", ":aws"));
        check(&arn("layer:tools:7"), Some(("eu-west-1", "tools", Some(7))));
        check(&arn("layer:tools"), Some(("eu-west-1", "tools", None)));
        check(&arn("layer:tools:x"), None);
        check(&arn("function:tools:7"), None);
        check("tools", None);
    }
}
