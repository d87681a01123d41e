//! What is refused in conditions, word for word.

use super::{super::*, holds, placeholders};

fn check(rows: &[(&str, &str, &str)]) {
    for (expression, given, expected) in rows {
        assert_eq!(
            holds(expression, given, "{}"),
            format!("Invalid ConditionExpression: {expected}"),
            "{expression} with {given}"
        );
    }
}

#[test]
fn syntax() {
    check(&[
        ("", "{}", "The expression can not be empty;"),
        ("a", "{}", r#"Syntax error; token: "<EOF>", near: "a""#),
        ("foo", "{}", r#"Syntax error; token: "<EOF>", near: "foo""#),
        ("a =", "{}", r#"Syntax error; token: "<EOF>", near: "=""#),
        ("a = =", "{}", r#"Syntax error; token: "=", near: "= =""#),
        ("a == :v", "{}", r#"Syntax error; token: "=", near: "== :v""#),
        ("a = :v AND", "{}", r#"Syntax error; token: "<EOF>", near: "AND""#),
        ("a = :v b = :v", "{}", r#"Syntax error; token: "b", near: ":v b =""#),
        ("(a = :v", "{}", r#"Syntax error; token: "<EOF>", near: ":v""#),
        ("a = :v)", "{}", r#"Syntax error; token: ")", near: ":v)""#),
        ("a IN :v", "{}", r#"Syntax error; token: ":v", near: "IN :v""#),
        ("a IN ()", "{}", r#"Syntax error; token: ")", near: "()""#),
        ("a BETWEEN :v", "{}", r#"Syntax error; token: "<EOF>", near: ":v""#),
        ("a BETWEEN :v OR :w", "{}", r#"Syntax error; token: "OR", near: ":v OR :w""#),
        ("attribute_not_exists(", "{}", r#"Syntax error; token: "<EOF>", near: "(""#),
        ("attribute_exists()", "{}", r#"Syntax error; token: ")", near: "()""#),
        ("contains(themes, :v", "{}", r#"Syntax error; token: "<EOF>", near: ":v""#),
        ("a > 4", "{}", r#"Syntax error; token: "4", near: "> 4""#),
        ("_a = :v", "{}", r#"Syntax error; token: "_", near: "_a""#),
        ("a = :v AND __b = :v", "{}", r#"Syntax error; token: "_", near: "AND __""#),
        ("a = ?", "{}", r#"Syntax error; token: "?", near: "= ?""#),
        ("a = é", "{}", r#"Syntax error; token: "é", near: "= é""#),
        ("a.b. = :v", "{}", r#"Syntax error; token: "=", near: ". = :v""#),
        ("a[x] = :v", "{}", r#"Syntax error; token: "x", near: "[x]""#),
        ("a[:v] = :v", "{}", r#"Syntax error; token: ":v", near: "[:v]""#),
        ("size(a)[0] > b", "{}", r#"Syntax error; token: "[", near: ")[0""#),
        ("# = :v", "{}", r##"Syntax error; token: "#", near: "# =""##),
        ("a = :", "{}", r#"Syntax error; token: ":", near: "= :""#),
        ("(a) AND b = :v", "{}", r#"Syntax error; token: "AND", near: ") AND b""#),
        ("a AND b = :v", "{}", r#"Syntax error; token: "AND", near: "a AND b""#),
        ("NOT a", "{}", r#"Syntax error; token: "<EOF>", near: "a""#),
        ("things are not gonna be ok", "{}", r#"Syntax error; token: "are", near: "things are not""#),
        ("(a = :v) = :v", "{}", r#"Syntax error; token: "=", near: ") = :v""#),
        ("a + b = :v", "{}", r#"Syntax error; token: "+", near: "a + b""#),
        ("((a = :v))", r#"{":v": 1}"#, "The expression has redundant parentheses;"),
        ("((a)) = :v", r#"{":v": 1}"#, "The expression has redundant parentheses;"),
        ("a = ((:v))", r#"{":v": 1}"#, "The expression has redundant parentheses;"),
        ("size(((a))) > :v", r#"{":v": 1}"#, "The expression has redundant parentheses;"),
    ]);
}

#[test]
fn names_and_functions() {
    check(&[
        ("status = :v", r#"{":v": 1}"#, "Attribute name is a reserved keyword; reserved keyword: status"),
        ("a.Name = :v", r#"{":v": 1}"#, "Attribute name is a reserved keyword; reserved keyword: Name"),
        ("a = :v OR Count > :v", r#"{":v": 1}"#, "Attribute name is a reserved keyword; reserved keyword: Count"),
        ("attribute_exists(ttl)", "{}", "Attribute name is a reserved keyword; reserved keyword: ttl"),
        ("a[2147483648] = :v", "{}", "List index is not within the allowable range; index: [2147483648]"),
        (
            "a[99999999999999999999] = :v",
            "{}",
            "List index is not within the allowable range; index: [99999999999999999999]",
        ),
        ("nope(a)", "{}", "Invalid function name; function: nope"),
        ("Attribute_exists(a)", "{}", "Invalid function name; function: Attribute_exists"),
        ("nope(a) = :v", "{}", "Invalid function name; function: nope"),
        (
            "if_not_exists(a, :v)",
            "{}",
            "The function is not allowed in a condition expression; function: if_not_exists",
        ),
        ("a = list_append(a, b)", "{}", "The function is not allowed in a condition expression; function: list_append"),
        ("size(a)", "{}", "The function is not allowed to be used this way in an expression; function: size"),
        ("NOT size(a)", "{}", "The function is not allowed to be used this way in an expression; function: size"),
        (
            "a = contains(b, c)",
            "{}",
            "The function is not allowed to be used this way in an expression; function: contains",
        ),
        (
            "size(contains(a, b)) > c",
            "{}",
            "The function is not allowed to be used this way in an expression; function: contains",
        ),
        (
            "attribute_exists(a, b)",
            "{}",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "contains(a)",
            "{}",
            "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
        ),
        (
            "size(a, b) > c",
            "{}",
            "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2",
        ),
        (
            "#a = :v",
            r#"{":v": 1}"#,
            "An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
        (
            "a.#b = :v",
            r#"{":v": 1}"#,
            "An expression attribute name used in the document path is not defined; attribute name: #b",
        ),
        ("a = :v", "{}", "An expression attribute value used in expression is not defined; attribute value: :v"),
        (
            "a = :v AND b = :w",
            r#"{":v": 1}"#,
            "An expression attribute value used in expression is not defined; attribute value: :w",
        ),
    ]);
}

#[test]
fn operands() {
    check(&[
        (
            "a = a",
            "{}",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]",
        ),
        (
            "a.b[1] <> a.b[1]",
            "{}",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: <>, first operand: [a, b, [1]]",
        ),
        (
            "a IN (b, a)",
            "{}",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: IN, first operand: [a]",
        ),
        (
            "contains(#a, a)",
            r##"{"#a": "a"}"##,
            "The first operand must be distinct from the remaining operands for this operator or function; operator: contains, first operand: [a]",
        ),
        (
            "a < :v",
            r#"{":v": true}"#,
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "a >= :v",
            r#"{":v": [1]}"#,
            "Incorrect operand type for operator or function; operator or function: >=, operand type: L",
        ),
        (
            ":v > a",
            r#"{":v": {"SS": ["a"]}}"#,
            "Incorrect operand type for operator or function; operator or function: >, operand type: SS",
        ),
        (
            "a BETWEEN :v AND :v",
            r#"{":v": null}"#,
            "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: NULL",
        ),
        (
            "a BETWEEN :v AND :w",
            r#"{":v": "a", ":w": 1}"#,
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:a}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "a BETWEEN :v AND :w",
            r#"{":v": "b", ":w": "a"}"#,
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:a}",
        ),
        (
            "begins_with(a, :v)",
            r#"{":v": 1}"#,
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "begins_with(a, size(b))",
            "{}",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "size(:v) > a",
            r#"{":v": 1}"#,
            "Incorrect operand type for operator or function; operator or function: size, operand type: N",
        ),
        (
            "attribute_exists(:v)",
            r#"{":v": "a"}"#,
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "attribute_not_exists(size(a))",
            "{}",
            "Operator or function requires a document path; operator or function: attribute_not_exists",
        ),
        (
            "attribute_type(a, :v)",
            r#"{":v": "X"}"#,
            "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "attribute_type(a, :v)",
            r#"{":v": 1}"#,
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
        ),
        (
            "attribute_type(a, b)",
            "{}",
            "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
        ),
    ]);
}

#[test]
fn limits() {
    let in_list = |n: usize| format!("a IN ({})", vec![":v"; n].join(","));
    let given = r#"{":v": 1}"#;
    assert_eq!(holds(&in_list(100), given, "{}"), "false");
    check(&[(&in_list(101), given, "The IN operator is provided with too many operands; number of operands: 101")]);

    // n comparisons and n-1 ANDs.
    let chain = |n: usize| vec!["a<:v"; n].join(" AND ");
    assert_eq!(holds(&chain(150), given, "{}"), "false");
    check(&[(&chain(151), given, "The expression contains too many operators; operator count: 301")]);

    let deep = |n: usize| format!("attribute_exists(a{})", ".b".repeat(n - 1));
    assert_eq!(holds(&deep(32), "{}", "{}"), "false");
    check(&[(&deep(33), "{}", "The document path has too many nesting levels; nesting levels: 33")]);

    let long = format!("attribute_exists({})", "a".repeat(4096));
    check(&[(&long, "{}", "Expression size has exceeded the maximum allowed size; expression size: 4114")]);
}

#[test]
fn deep_nesting_fits_a_small_stack() {
    let work = || {
        for text in ["(", "NOT ", "NOT(", "size(", "a=("] {
            let expression = text.repeat(4096 / text.len());
            assert!(holds(&expression, "{}", "{}").starts_with("Invalid ConditionExpression: "), "{text}");
        }
        let nots = format!("{}attribute_exists(a)", "NOT ".repeat(299));
        assert_eq!(holds(&nots, "{}", "{}"), "true");
        let nested = format!("{}attribute_exists(a){}", "NOT(".repeat(149), ")".repeat(149));
        assert_eq!(holds(&nested, "{}", "{}"), "true");
    };
    std::thread::Builder::new().stack_size(1024 * 1024).spawn(work).unwrap().join().unwrap();
}

#[test]
fn placeholder_maps() {
    use std::collections::BTreeMap;
    let names = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    let refused = |map| placeholders::Placeholders::new(Some(map), None).unwrap_err().to_string();
    assert_eq!(refused(names(&[])), "ExpressionAttributeNames must not be empty");
    assert_eq!(
        refused(names(&[("a", "b")])),
        r#"ExpressionAttributeNames contains invalid key: Syntax error; key: "a""#
    );
    assert_eq!(
        refused(names(&[("#", "b")])),
        r##"ExpressionAttributeNames contains invalid key: Syntax error; key: "#""##
    );
    assert_eq!(
        refused(names(&[("#a-b", "b")])),
        r##"ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b""##
    );
    assert_eq!(
        refused(names(&[("#a", "")])),
        "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a"
    );
    let values = placeholders::Placeholders::new(None, Some(BTreeMap::new())).unwrap_err().to_string();
    assert_eq!(values, "ExpressionAttributeValues must not be empty");
}

#[test]
fn unused_placeholders() {
    for (given, expected) in [
        (r#"{":x": 1, ":v": 1}"#, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x}"),
        (r##"{"#n": "x", ":v": 1}"##, "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"),
        (
            r##"{"#n": "x", ":v": 1, ":x": 2}"##,
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}",
        ),
    ] {
        assert_eq!(holds("a = :v", given, "{}"), expected);
    }
    let both = placeholders(r#"{":a": 1, ":z": 1}"#).finish().unwrap_err().to_string();
    assert_eq!(both, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:z, :a}");
}
