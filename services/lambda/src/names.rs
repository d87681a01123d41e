//! The ways to name a function: its name, a partial ARN, an ARN, each with or without a qualifier. Pure.

use base::{Account, Arn, Region, Scope};
use service::Cx;

use crate::errors::Error;

/// The version that every function has.
pub(crate) const LATEST: &str = "$LATEST";

/// The function that a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub scope: Scope,
    pub name: String,
    pub qualifier: Option<String>,
}

/// The parts of a function's name as given.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes a name apart that the model's pattern accepted: `[arn:partition:lambda:][region:][account:][function:]name[:qualifier]`.
    fn of(text: &'a str) -> Self {
        let mut words: Vec<&str> = text.split(':').collect();
        if Arn::is_arn(text) && words.len() > 3 {
            words.drain(..3);
        }
        let mut words = words.into_iter().peekable();
        let mut left = words.len();
        let mut parts = Self::default();
        let mut take = |is: &dyn Fn(&str) -> bool| {
            let fits = left > 1 && words.peek().is_some_and(|word| is(word));
            if fits {
                left -= 1;
            }
            if fits { words.next() } else { None }
        };
        parts.region = take(&is_region);
        parts.account = take(&|word| Account::parse(word).is_some());
        take(&|word| word == "function");
        parts.name = words.next().unwrap_or_default();
        parts.qualifier = words.next();
        parts
    }
}

/// `us-east-1`, `us-gov-west-1`: words of letters, then one digit.
fn is_region(word: &str) -> bool {
    let Some((head, digit)) = word.rsplit_once('-') else { return false };
    let is_letters = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase());
    digit.len() == 1
        && digit.bytes().all(|b| b.is_ascii_digit())
        && head.contains('-')
        && head.split('-').all(is_letters)
}

impl Target {
    /// The function that `name` and a separate qualifier mean for this request.
    pub fn new(cx: &Cx, name: &str, qualifier: Option<&str>) -> Result<Self, Error> {
        let target = Self::lenient(cx, name, qualifier);
        if target.scope.region != cx.scope.region {
            let (there, here) = (target.scope.region.to_string(), cx.scope.region.to_string());
            return Err(Error::OtherRegion { there, here });
        }
        let inner = Parts::of(name).qualifier;
        if inner.is_some() && qualifier.is_some() && inner != qualifier {
            let text = "The derived qualifier from the function name does not match the specified qualifier.";
            return Err(Error::InvalidParameter(text.into()));
        }
        Ok(target)
    }

    /// The same without judging it: for the ARN that authorisation asks about.
    pub fn lenient(cx: &Cx, name: &str, qualifier: Option<&str>) -> Self {
        let parts = Parts::of(name);
        let account = parts.account.map_or_else(|| cx.scope.account.clone(), Account::from);
        let region = parts.region.map_or_else(|| cx.scope.region.clone(), Region::from);
        let qualifier = parts.qualifier.or(qualifier).map(str::to_owned);
        Self { scope: Scope::new(account, region), name: parts.name.to_owned(), qualifier }
    }

    /// The function's ARN, without a qualifier.
    pub fn arn(&self) -> Arn {
        self.scope.arn("lambda", &format!("function:{}", self.name))
    }

    /// The ARN with the qualifier that was asked for.
    pub fn qualified_arn(&self) -> Arn {
        match &self.qualifier {
            Some(qualifier) => self.scope.arn("lambda", &format!("function:{}:{qualifier}", self.name)),
            None => self.arn(),
        }
    }

    /// Whether the qualifier means the one version there is.
    pub fn is_latest(&self) -> bool {
        self.qualifier.as_deref().is_none_or(|qualifier| qualifier == LATEST)
    }

    /// The log group that the function writes to.
    pub fn log_group(&self) -> String {
        log_group(&self.name)
    }
}

/// The log group of a function.
pub(crate) fn log_group(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, region: &str, account: &str, name: &str, qualifier: &str) {
        let some = |text: &'static str| Some(text).filter(|t| !t.is_empty());
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        let expected = Parts {
            region: some(leak(region)),
            account: some(leak(account)),
            name: leak(name),
            qualifier: some(leak(qualifier)),
        };
        assert_eq!(Parts::of(text), expected, "{text}");
    }

    #[test]
    fn every_way_to_name_a_function() {
        check("app", "", "", "app", "");
        check("app:$LATEST", "", "", "app", "$LATEST");
        check("function:app", "", "", "app", "");
        check("function", "", "", "function", "");
        check("123456789012:function:app:live", "", "123456789012", "app", "live");
        check("123456789012", "", "", "123456789012", "");
        check("us-east-1:123456789012:function:app", "us-east-1", "123456789012", "app", "");
        check("arn:aws:lambda:eu-west-1:123456789012:function:app", "eu-west-1", "123456789012", "app", "");
        check("arn:aws:lambda:us-gov-west-1:123456789012:function:app:2", "us-gov-west-1", "123456789012", "app", "2");
        check("", "", "", "", "");
        assert_eq!(Parts::of("::::").name, "");
    }
}
