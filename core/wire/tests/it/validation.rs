//! Model validation, in AWS's words.

use expect_test::{Expect, expect};
use wire::Protocol;

use crate::model::{Everything, body};

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&body::<Everything>(Protocol::AwsJson10, text));
}

#[test]
fn each_constraint_has_its_words() {
    check(
        r#"{"Count":11}"#,
        expect![
            "1 validation error detected: Value '11' at 'count' failed to satisfy constraint: Member must have value less than or equal to 10"
        ],
    );
    check(
        r#"{"Tree":{"Name":"A"}}"#,
        expect![
            "1 validation error detected: Value 'A' at 'tree.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"
        ],
    );
    check(
        r#"{"Tree":{"Name":"a","Colour":"GREEN"}}"#,
        expect![
            "1 validation error detected: Value 'GREEN' at 'tree.colour' failed to satisfy constraint: Member must satisfy enum value set: [RED, BLUE]"
        ],
    );
    check(
        r#"{"Tree":{}}"#,
        expect![
            "1 validation error detected: Value null at 'tree.name' failed to satisfy constraint: Member must not be null"
        ],
    );
}

#[test]
fn everything_broken_is_reported_at_once() {
    check(
        r#"{"Count":0,"Names":["ok","toolongname"],"Map":{"K":"v"}}"#,
        expect![
            "3 validation errors detected: Value '0' at 'count' failed to satisfy constraint: Member must have value greater than or equal to 1; Value 'toolongname' at 'names.2.member' failed to satisfy constraint: Member must have length less than or equal to 8; Value 'K' at 'map' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-z]+]"
        ],
    );
}

#[test]
fn a_value_of_ours_that_is_not_honoured_is_named() {
    check(r#"{"Tree":{"Name":"a","Colour":"BLUE"}}"#, expect!["Tree.Colour = BLUE is not implemented; what is: RED"]);
}
