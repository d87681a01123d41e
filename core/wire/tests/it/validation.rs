//! Model validation, in AWS's words.

use wire::Protocol;
use wire::prelude::*;

use crate::model::{Everything, body};

pub mod limits {
    use super::*;

    pub static NAME: Schema = Schema::new("Name", Kind::String).length(3, 5).pattern("[a-z]+");
    pub static KIND: Schema = Schema::new("Kind", Kind::String).values(&["HASH", "RANGE"]);
    pub static COUNT: Schema = Schema::new("Count", Kind::Integer).range(1, 100);
    pub static SIZE: Schema = Schema::new("Size", Kind::Long).range(10, i64::MAX);
    pub static LATEST: Schema = Schema::new("Latest", Kind::Double).range(0, 1).not_null();
    pub static SHARE: Schema = Schema::new("Share", Kind::Double).range(0, 1);
    pub static BYTES: Schema = Schema::new("Bytes", Kind::Blob).length(1, 2);
    pub static SECRET: Schema = Schema::new("Secret", Kind::String).length(8, 64).sensitive();
    pub static TAG_KEY: Schema = Schema::new("TagKey", Kind::String).length(1, 4);
    pub static TAG_VALUE: Schema = Schema::new("TagValue", Kind::String).length(0, 4);
    pub static TAG: Schema = Schema::new("Tag", Kind::Structure);
    pub static TAGS: Schema = list("Tags", &TAG).length(0, 2);
    pub static NAMES: Schema = list("Names", &NAME).length(1, 3);
    pub static KINDS: Schema = list("Kinds", &KIND);
    pub static COUNTS: Schema = list("Counts", &COUNT);
    pub static SECRETS: Schema = list("Secrets", &SECRET);
    pub static GROUPS: Schema = list("Groups", &NAMES);
    pub static BY_NAME: Schema = map("ByName", &TAG_VALUE).length(1, 2);
    pub static HIDDEN: Schema = map("Hidden", &TAG_VALUE).sensitive();
    pub static WEIGHTS: Schema = map("Weights", &LATEST);
    pub static TAGS_BY_NAME: Schema = map("TagsByName", &TAGS);
    pub static TAG_BY_NAME: Schema = map("TagByName", &TAG);

    const fn list(name: &'static str, item: &'static Schema) -> Schema {
        Schema::new(name, Kind::List { item_name: "member", item, flattened: false })
    }

    const fn map(name: &'static str, value: &'static Schema) -> Schema {
        Schema::new(name, Kind::Map { key_name: "key", key: &NAME, value_name: "value", value, flattened: false })
    }
}

wire::structure! { Tag: [
    key: String = Member::new("Key", &limits::TAG_KEY).required();
    value: Option<String> = Member::new("Value", &limits::TAG_VALUE);
] streams [] refuses [] }

wire::structure! { Limited: [
    name: Option<String> = Member::new("Name", &limits::NAME);
    kind: Option<String> = Member::new("Kind", &limits::KIND);
    count: Option<i32> = Member::new("Count", &limits::COUNT);
    size: Option<i64> = Member::new("Size", &limits::SIZE);
    share: Option<f64> = Member::new("Share", &limits::SHARE);
    bytes: Option<Bytes> = Member::new("Bytes", &limits::BYTES);
    secret: Option<String> = Member::new("Secret", &limits::SECRET);
    names: Option<Vec<String>> = Member::new("Names", &limits::NAMES);
    kinds: Option<Vec<String>> = Member::new("Kinds", &limits::KINDS);
    counts: Option<Vec<i32>> = Member::new("Counts", &limits::COUNTS);
    secrets: Option<Vec<String>> = Member::new("Secrets", &limits::SECRETS);
    groups: Option<Vec<Vec<String>>> = Member::new("Groups", &limits::GROUPS);
    tags: Option<Vec<Tag>> = Member::new("Tags", &limits::TAGS);
    by_name: Option<BTreeMap<String, String>> = Member::new("ByName", &limits::BY_NAME);
    hidden: Option<BTreeMap<String, String>> = Member::new("Hidden", &limits::HIDDEN);
    weights: Option<BTreeMap<String, f64>> = Member::new("Weights", &limits::WEIGHTS);
    tags_by_name: Option<BTreeMap<String, Vec<Tag>>> = Member::new("TagsByName", &limits::TAGS_BY_NAME);
    tag_by_name: Option<BTreeMap<String, Tag>> = Member::new("TagByName", &limits::TAG_BY_NAME);
] streams [] refuses [] }

/// What is said of a document: each broken constraint, without what is said of each.
fn said(text: &str) -> Vec<String> {
    let shown = body::<Limited>(Protocol::AwsJson10, text);
    let Some((count, rest)) = shown.split_once(" detected: ") else { return Vec::new() };
    let each: Vec<String> = rest.split("; ").map(|one| one.replace(" failed to satisfy constraint:", "")).collect();
    let noun = if each.len() == 1 { "error" } else { "errors" };
    assert_eq!(count, format!("{} validation {noun}", each.len()));
    each
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(said(text), expected, "{text}");
}

#[test]
fn scalars_have_their_words() {
    for right in
        [r#"{"Name":"abc"}"#, r#"{"Name":"abcde"}"#, r#"{"Count":1}"#, r#"{"Count":100}"#, r#"{"Share":1}"#, "{}"]
    {
        check(right, &[]);
    }
    check(r#"{"Name":"ab"}"#, &["Value 'ab' at 'name' Member must have length greater than or equal to 3"]);
    check(r#"{"Name":"abcdef"}"#, &["Value 'abcdef' at 'name' Member must have length less than or equal to 5"]);
    check(r#"{"Name":"ABC"}"#, &["Value 'ABC' at 'name' Member must satisfy regular expression pattern: [a-z]+"]);
    check(r#"{"Kind":"hash"}"#, &["Value 'hash' at 'kind' Member must satisfy enum value set: [HASH, RANGE]"]);
    check(r#"{"Count":0}"#, &["Value '0' at 'count' Member must have value greater than or equal to 1"]);
    check(r#"{"Count":101}"#, &["Value '101' at 'count' Member must have value less than or equal to 100"]);
    check(r#"{"Size":-1}"#, &["Value '-1' at 'size' Member must have value greater than or equal to 10"]);
    check(r#"{"Share":1.5}"#, &["Value '1.5' at 'share' Member must have value less than or equal to 1.0"]);
    check(r#"{"Share":-0.5}"#, &["Value '-0.5' at 'share' Member must have value greater than or equal to 0.0"]);
    let buffer = "Value 'java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]' at 'bytes'";
    check(r#"{"Bytes":"AAAA"}"#, &[&format!("{buffer} Member must have length less than or equal to 2")]);
    let empty = "Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'bytes'";
    check(r#"{"Bytes":""}"#, &[&format!("{empty} Member must have length greater than or equal to 1")]);
}

#[test]
fn lengths_count_characters() {
    check(r#"{"Tags":[{"Key":"éééé"}]}"#, &[]);
    check(
        r#"{"Tags":[{"Key":"ééééé"}]}"#,
        &["Value 'ééééé' at 'tags.1.member.key' Member must have length less than or equal to 4"],
    );
}

#[test]
fn sensitive_values_are_not_repeated() {
    check(r#"{"Secret":"hunter2"}"#, &["Value at 'secret' Member must have length greater than or equal to 8"]);
    let each = "Member must have length less than or equal to 64, Member must have length greater than or equal to 8";
    check(r#"{"Secrets":["hunter2"]}"#, &[&format!("Value at 'secrets' Member must satisfy constraint: [{each}]")]);
    let keys = "Member must have length less than or equal to 5, Member must have length greater than or equal to 3, \
                Member must satisfy regular expression pattern: [a-z]+";
    check(r#"{"Hidden":{"A":"v"}}"#, &[&format!("Value at 'hidden' Map keys must satisfy constraint: [{keys}]")]);
}

#[test]
fn lists_have_lengths_and_their_elements_constraints() {
    check(r#"{"Names":["abc","def","ghi"]}"#, &[]);
    check(r#"{"Names":[]}"#, &["Value '[]' at 'names' Member must have length greater than or equal to 1"]);
    check(
        r#"{"Names":["abc","def","ghi","jkl"]}"#,
        &["Value '[abc, def, ghi, jkl]' at 'names' Member must have length less than or equal to 3"],
    );
    check(
        r#"{"Names":["abc","x"]}"#,
        &[
            "Value '[abc, x]' at 'names' Member must satisfy constraint: [Member must have length less than or equal to 5, \
           Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-z]+]",
        ],
    );
    check(
        r#"{"Kinds":["HASH","LIST"]}"#,
        &[
            "Value '[HASH, LIST]' at 'kinds' Member must satisfy constraint: [Member must satisfy enum value set: [HASH, RANGE]]",
        ],
    );
    check(
        r#"{"Counts":[1,0]}"#,
        &[
            "Value '[1, 0]' at 'counts' Member must satisfy constraint: [Member must have value less than or equal to 100, \
           Member must have value greater than or equal to 1]",
        ],
    );
    check(
        r#"{"Groups":[["abc"],[]]}"#,
        &[
            "Value '[[abc], []]' at 'groups' Member must satisfy constraint: [Member must have length less than or equal to 3, \
           Member must have length greater than or equal to 1]",
        ],
    );
    check(
        r#"{"Groups":[["x"]]}"#,
        &[
            "Value '[x]' at 'groups.1.member' Member must satisfy constraint: [Member must have length less than or equal to 5, \
           Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-z]+]",
        ],
    );
}

#[test]
fn members_of_structures_have_paths() {
    check(
        r#"{"Tags":[{"Key":"k"},{"Key":""}]}"#,
        &["Value '' at 'tags.2.member.key' Member must have length greater than or equal to 1"],
    );
    check(r#"{"Tags":[{"Value":"v"}]}"#, &["Value null at 'tags.1.member.key' Member must not be null"]);
    check(r#"{"Tags":[{"Key":null}]}"#, &["Value null at 'tags.1.member.key' Member must not be null"]);
    check(
        r#"{"Tags":[{"Key":"a"},{"Key":"b"},{"Key":"c"}]}"#,
        &["Value '[Tag, Tag, Tag]' at 'tags' Member must have length less than or equal to 2"],
    );
    check(r#"{"TagByName":{"abc":{}}}"#, &["Value null at 'tagByName.abc.member.key' Member must not be null"]);
    check(
        r#"{"TagsByName":{"abc":[{"Key":""}]}}"#,
        &["Value '' at 'tagsByName.abc.member.1.member.key' Member must have length greater than or equal to 1"],
    );
}

#[test]
fn maps_have_lengths_and_their_keys_and_values_constraints() {
    check(r#"{"ByName":{"abc":"v"}}"#, &[]);
    check(r#"{"ByName":{}}"#, &["Value '{}' at 'byName' Member must have length greater than or equal to 1"]);
    check(
        r#"{"ByName":{"abc":"1","abd":"2","abe":"3"}}"#,
        &["Value '{abc=1, abd=2, abe=3}' at 'byName' Member must have length less than or equal to 2"],
    );
    check(
        r#"{"ByName":{"A":"1"}}"#,
        &[
            "Value '{A=1}' at 'byName' Map keys must satisfy constraint: [Member must have length less than or equal to 5, \
           Member must have length greater than or equal to 3, Member must satisfy regular expression pattern: [a-z]+]",
        ],
    );
    check(
        r#"{"ByName":{"abc":"12345"}}"#,
        &[
            "Value '{abc=12345}' at 'byName' Map value must satisfy constraint: [Member must have length less than or equal to 4, \
           Member must have length greater than or equal to 0]",
        ],
    );
    check(
        r#"{"Weights":{"abc":2}}"#,
        &[
            "Value '{abc=2.0}' at 'weights' Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
           Member must have value greater than or equal to 0.0, Member must not be null]",
        ],
    );
    check(
        r#"{"TagsByName":{"abc":[{"Key":"a"},{"Key":"b"},{"Key":"c"}]}}"#,
        &["Value '{abc=[Tag, Tag, Tag]}' at 'tagsByName' Map value must satisfy constraint: \
           [Member must have length less than or equal to 2, Member must have length greater than or equal to 0]"],
    );
}

#[test]
fn everything_broken_is_counted_and_told_in_order() {
    check(
        r#"{"Tags":[{}],"Count":0,"Name":"A!"}"#,
        &[
            "Value null at 'tags.1.member.key' Member must not be null",
            "Value 'A!' at 'name' Member must satisfy regular expression pattern: [a-z]+",
            "Value 'A!' at 'name' Member must have length greater than or equal to 3",
            "Value '0' at 'count' Member must have value greater than or equal to 1",
        ],
    );
    assert_eq!(
        body::<Limited>(Protocol::AwsJson10, r#"{"Count":0,"Size":0}"#),
        "2 validation errors detected: Value '0' at 'count' failed to satisfy constraint: Member must have value greater than \
         or equal to 1; Value '0' at 'size' failed to satisfy constraint: Member must have value greater than or equal to 10"
    );
}

#[test]
fn long_values_are_shown_by_their_beginning() {
    let text = format!(r#"{{"Name":"{}"}}"#, "é".repeat(100_000));
    assert!(body::<Limited>(Protocol::AwsJson10, &text).len() < 10_000);
    let text = format!(r#"{{"Names":["{}"]}}"#, ["abcdef"; 100_000].join("\",\""));
    assert!(body::<Limited>(Protocol::AwsJson10, &text).len() < 10_000);
}

#[test]
fn a_value_of_ours_that_is_not_honoured_is_named() {
    let shown = body::<Everything>(Protocol::AwsJson10, r#"{"Tree":{"Name":"a","Colour":"BLUE"}}"#);
    assert_eq!(shown, "Tree.Colour = BLUE is not implemented; what is: RED");
}
