//! A least-privilege policy: what was used and nothing else. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// More resources of one kind than this, used alike, become one pattern: a policy has at most 10,240 characters (quota of a
/// role's inline policies).
const RESOURCES_MAX: usize = 20;

/// Parts of ARNs that the platform names by chance: what follows is another one each time.
const NAMED_BY_CHANCE: &[&str] = &[":log-stream:"];

/// The policy that allows these uses (action, resource): one statement for all resources that are used alike.
pub(crate) fn policy<'a>(uses: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let mut actions: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (action, resource) in uses {
        actions.entry(lasting(resource)).or_default().insert(action);
    }
    let mut alike: BTreeMap<BTreeSet<&str>, BTreeSet<String>> = BTreeMap::new();
    for (resource, actions) in actions {
        alike.entry(actions).or_default().insert(resource);
    }
    let statement = |(actions, resources): (BTreeSet<&str>, BTreeSet<String>)| {
        let resources = widened(resources);
        json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
    };
    let statements: Vec<Value> = alike.into_iter().map(statement).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The resource without what is another one next time.
fn lasting(resource: &str) -> String {
    let cut = NAMED_BY_CHANCE.iter().find_map(|part| Some(resource.find(part)? + part.len()));
    cut.and_then(|at| resource.get(..at)).map_or_else(|| resource.to_owned(), |start| format!("{start}*"))
}

/// Many resources below one (objects of a bucket) become all below it.
fn widened(resources: BTreeSet<String>) -> BTreeSet<String> {
    let above = |resource: &str| resource.split_once('/').map(|(above, _)| above.to_owned());
    let mut below: BTreeMap<String, usize> = BTreeMap::new();
    for above in resources.iter().filter_map(|resource| above(resource)) {
        *below.entry(above).or_default() += 1;
    }
    let is_many = |above: &String| below.get(above).is_some_and(|count| RESOURCES_MAX < *count);
    let wide = |resource: String| match above(&resource).filter(is_many) {
        Some(above) => format!("{above}/*"),
        None => resource,
    };
    resources.into_iter().map(wide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uses: &[(&str, &str)], expected: Value) {
        assert_eq!(policy(uses.iter().copied())["Statement"], expected);
    }

    #[test]
    fn actions_are_gathered_by_resource_and_resources_by_actions() {
        check(
            &[("s3:PutObject", "b/1"), ("s3:GetObject", "b/1"), ("s3:GetObject", "b/2"), ("s3:GetObject", "a/1")],
            json!([
                { "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["a/1", "b/2"] },
                { "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["b/1"] },
            ]),
        );
        check(&[("a:B", "*"), ("a:B", "*")], json!([{ "Effect": "Allow", "Action": ["a:B"], "Resource": ["*"] }]));
        check(&[], json!([]));
    }

    #[test]
    fn what_is_named_by_chance_is_a_pattern() {
        let streams = ["l:log-group:/aws/lambda/f:log-stream:1/[$LATEST]a", "l:log-group:/aws/lambda/f:log-stream:2"];
        let resource = json!(["l:log-group:/aws/lambda/f:log-stream:*"]);
        let uses = streams.map(|stream| ("logs:PutLogEvents", stream));
        check(&uses, json!([{ "Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": resource }]));
    }

    #[test]
    fn many_objects_are_all_of_a_bucket() {
        let keys: Vec<String> = (0..=RESOURCES_MAX).map(|n| format!("arn:aws:s3:::b/k/{n}")).collect();
        let uses = |count: usize| -> Vec<(&str, &str)> {
            keys.iter().take(count).map(|key| ("s3:GetObject", key.as_str())).collect()
        };
        assert_eq!(policy(uses(RESOURCES_MAX))["Statement"][0]["Resource"].as_array().unwrap().len(), RESOURCES_MAX);
        assert_eq!(policy(uses(RESOURCES_MAX + 1))["Statement"][0]["Resource"], json!(["arn:aws:s3:::b/*"]));
    }
}
