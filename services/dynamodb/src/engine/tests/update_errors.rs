//! What is refused in updates, word for word.

use super::{placeholders, schema, updated};
use crate::engine::update::Update;

const INVALID_PATH: &str = "The document path provided in the update expression is invalid for update";
const MISSING: &str = "The provided expression refers to an attribute that does not exist in the item";
const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const OVERFLOW: &str = "Number overflow. Attempting to store a number with magnitude larger than supported range";

fn check(rows: &[(&str, &str, &str)]) {
    for (expression, given, expected) in rows {
        assert_eq!(
            updated(expression, given, "{}"),
            Err(format!("Invalid UpdateExpression: {expected}")),
            "{expression} with {given}"
        );
    }
}

#[test]
fn syntax() {
    check(&[
        ("", "{}", "The expression can not be empty;"),
        ("a = :v", "{}", r#"Syntax error; token: "a", near: "a =""#),
        ("SET", "{}", r#"Syntax error; token: "<EOF>", near: "SET""#),
        ("SET a", "{}", r#"Syntax error; token: "<EOF>", near: "a""#),
        ("SET a =", "{}", r#"Syntax error; token: "<EOF>", near: "=""#),
        ("SET a = :v,", "{}", r#"Syntax error; token: "<EOF>", near: ",""#),
        ("SET a = :v b = :v", "{}", r#"Syntax error; token: "b", near: ":v b =""#),
        ("SET path = VALUE 1", "{}", r#"Syntax error; token: "1", near: "VALUE 1""#),
        ("SET :v = a", "{}", r#"Syntax error; token: ":v", near: "SET :v =""#),
        ("SET a + b", "{}", r#"Syntax error; token: "+", near: "a + b""#),
        ("SET a = b + c + d", "{}", r#"Syntax error; token: "+", near: "c + d""#),
        ("SET a = (b + c) + d", "{}", r#"Syntax error; token: "+", near: ") + d""#),
        ("SET a = b * c", "{}", r#"Syntax error; token: "*", near: "b * c""#),
        ("SET a = b AND c = d", "{}", r#"Syntax error; token: "AND", near: "b AND c""#),
        ("SET a = :v SET", "{}", r#"Syntax error; token: "<EOF>", near: "SET""#),
        ("REMOVE", "{}", r#"Syntax error; token: "<EOF>", near: "REMOVE""#),
        ("REMOVE a = :v", "{}", r#"Syntax error; token: "=", near: "a = :v""#),
        ("REMOVE :v", "{}", r#"Syntax error; token: ":v", near: "REMOVE :v""#),
        ("ADD a", "{}", r#"Syntax error; token: "<EOF>", near: "a""#),
        ("ADD a b", "{}", r#"Syntax error; token: "b", near: "a b""#),
        ("ADD a = :v", "{}", r#"Syntax error; token: "=", near: "a = :v""#),
        ("DELETE a", "{}", r#"Syntax error; token: "<EOF>", near: "a""#),
        ("SET a = ((b))", "{}", "The expression has redundant parentheses;"),
        ("SET a[-1] = :v", "{}", r#"Syntax error; token: "-", near: "[-1""#),
        ("SET a[01] = :v", "{}", r#"Syntax error; token: "1", near: "01]""#),
    ]);
}

#[test]
fn meaning() {
    check(&[
        ("SET status = :v", r#"{":v": 1}"#, "Attribute name is a reserved keyword; reserved keyword: status"),
        ("SET a = name", "{}", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("REMOVE a.date", "{}", "Attribute name is a reserved keyword; reserved keyword: date"),
        ("SET a = nope(b, c)", "{}", "Invalid function name; function: nope"),
        (
            "SET a = list_append(list_append(b, c), d)",
            "{}",
            "The function is not allowed to be used this way in an expression; function: list_append",
        ),
        (
            "SET a = if_not_exists(b, list_append(c, d))",
            "{}",
            "The function is not allowed to be used this way in an expression; function: list_append",
        ),
        ("SET a = size(b)", "{}", "The function is not allowed in an update expression; function: size"),
        (
            "SET a = attribute_exists(b)",
            "{}",
            "The function is not allowed in an update expression; function: attribute_exists",
        ),
        ("SET a = :v SET b = :v", r#"{":v": 1}"#, "The \"SET\" section can only be used once in an update expression;"),
        (
            "REMOVE a ADD b :v REMOVE c",
            r#"{":v": 1}"#,
            "The \"REMOVE\" section can only be used once in an update expression;",
        ),
        (
            "SET a = if_not_exists(b)",
            "{}",
            "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
        ),
        (
            "SET a = list_append(b, c, d)",
            "{}",
            "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3",
        ),
        (
            "SET #a = :v",
            r#"{":v": 1}"#,
            "An expression attribute name used in the document path is not defined; attribute name: #a",
        ),
        (
            "SET a = #b",
            "{}",
            "An expression attribute name used in the document path is not defined; attribute name: #b",
        ),
        ("SET a = :v", "{}", "An expression attribute value used in expression is not defined; attribute value: :v"),
        ("ADD a :v", "{}", "An expression attribute value used in expression is not defined; attribute value: :v"),
        (
            "SET a = :one, b = :two",
            "{}",
            "An expression attribute value used in expression is not defined; attribute value: :two",
        ),
        (
            "SET a = :one, b = #two",
            "{}",
            "An expression attribute name used in the document path is not defined; attribute name: #two",
        ),
        (
            "SET a = if_not_exists(:v, b)",
            r#"{":v": 1}"#,
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = if_not_exists(b, b)",
            "{}",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: if_not_exists, first operand: [b]",
        ),
        (
            "SET a = b + :v",
            r#"{":v": "x"}"#,
            "Incorrect operand type for operator or function; operator or function: +, operand type: S",
        ),
        (
            "SET a = :v - b",
            r#"{":v": [1]}"#,
            "Incorrect operand type for operator or function; operator or function: -, operand type: L",
        ),
        (
            "SET a = list_append(a, :v)",
            r#"{":v": "x"}"#,
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: S",
        ),
        (
            "ADD a :v",
            r#"{":v": "x"}"#,
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "ADD a :v",
            r#"{":v": [1]}"#,
            "Incorrect operand type for operator or function; operator: ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        (
            "DELETE a :v",
            r#"{":v": 1}"#,
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
        (
            "DELETE a :v",
            r#"{":v": {"k": 1}}"#,
            "Incorrect operand type for operator or function; operator: DELETE, operand type: MAP, typeSet: ALLOWED_FOR_DELETE_OPERAND",
        ),
    ]);
}

#[test]
fn clashing_paths() {
    let rest = "must remove or rewrite one of these paths; path one:";
    for (expression, given, what, one, two) in [
        ("SET a = :v, a.b = :v", r#"{":v": 1}"#, "overlap", "[a]", "[a, b]"),
        ("SET a.b = :v, a = :v", r#"{":v": 1}"#, "overlap", "[a, b]", "[a]"),
        ("SET a = :v REMOVE a", r#"{":v": 1}"#, "overlap", "[a]", "[a]"),
        ("SET a[0].b = :v REMOVE a[0]", r#"{":v": 1}"#, "overlap", "[a, [0], b]", "[a, [0]]"),
        ("SET #a.b = :v, a.#b = :v", r##"{":v": 1, "#a": "a", "#b": "b"}"##, "overlap", "[a, b]", "[a, b]"),
        ("SET a.b = :v, a[0] = :v", r#"{":v": 1}"#, "conflict", "[a, b]", "[a, [0]]"),
        ("SET a[1].x = :v, a.b.c = :v", r#"{":v": 1}"#, "conflict", "[a, [1], x]", "[a, b, c]"),
    ] {
        let text = format!("Two document paths {what} with each other; {rest} {one}, path two: {two}");
        check(&[(expression, given, &text)]);
    }
    for (expression, given) in [("SET a.b = :v, a.c = :v", r#"{":v": 1}"#), ("REMOVE a[0], a[1], b.a", "{}")] {
        assert!(Update::parse(expression, &mut placeholders(given)).is_ok(), "{expression}");
    }
}

#[test]
fn on_items() {
    for (expression, given, before, expected) in [
        ("SET a = b", "{}", "{}", MISSING),
        ("SET a = a + :v", r#"{":v": 1}"#, "{}", MISSING),
        ("SET a = list_append(a, :v)", r#"{":v": [1]}"#, "{}", MISSING),
        ("SET a = if_not_exists(b, c)", "{}", "{}", MISSING),
        ("SET a = m.x", "{}", r#"{"m": {}}"#, MISSING),
        ("SET a = l[3]", "{}", r#"{"l": [1]}"#, MISSING),
        ("SET a = a + :v", r#"{":v": 1}"#, r#"{"a": "1"}"#, WRONG_TYPE),
        ("SET a = :v - b", r#"{":v": 1}"#, r#"{"b": null}"#, WRONG_TYPE),
        ("SET a = gone + b", "{}", r#"{"b": "x"}"#, WRONG_TYPE),
        ("SET a = list_append(a, :v)", r#"{":v": [1]}"#, r#"{"a": 1}"#, WRONG_TYPE),
        ("SET a = list_append(:v, a)", r#"{":v": [1]}"#, r#"{"a": {"SS": ["x"]}}"#, WRONG_TYPE),
        ("SET a = if_not_exists(a, :v) + :v", r#"{":v": 1}"#, r#"{"a": "x"}"#, WRONG_TYPE),
        ("ADD a :v", r#"{":v": 1}"#, r#"{"a": "x"}"#, WRONG_TYPE),
        ("ADD a :v", r#"{":v": {"SS": ["x"]}}"#, r#"{"a": {"NS": ["1"]}}"#, WRONG_TYPE),
        ("DELETE a :v", r#"{":v": {"SS": ["x"]}}"#, r#"{"a": "x"}"#, WRONG_TYPE),
        ("SET a = gone, b = b + :v", r#"{":v": 1}"#, r#"{"b": "x"}"#, WRONG_TYPE),
        ("SET m.x = :v", r#"{":v": 1}"#, "{}", INVALID_PATH),
        ("SET m.x.y = :v", r#"{":v": 1}"#, r#"{"m": {}}"#, INVALID_PATH),
        ("SET m.x = :v", r#"{":v": 1}"#, r#"{"m": [1]}"#, INVALID_PATH),
        ("SET m[0] = :v", r#"{":v": 1}"#, r#"{"m": {}}"#, INVALID_PATH),
        ("SET m.x = :v", r#"{":v": 1}"#, r#"{"m": "s"}"#, INVALID_PATH),
        ("SET l[3].x = :v", r#"{":v": 1}"#, r#"{"l": [1]}"#, INVALID_PATH),
        ("REMOVE m.x", "{}", "{}", INVALID_PATH),
        ("REMOVE m[0]", "{}", r#"{"m": {"0": 1}}"#, INVALID_PATH),
        ("ADD m.x :v", r#"{":v": 1}"#, "{}", INVALID_PATH),
        ("DELETE m.x :v", r#"{":v": {"SS": ["x"]}}"#, "{}", INVALID_PATH),
        ("SET m.x = gone", "{}", "{}", INVALID_PATH),
        ("ADD a :v", r#"{":v": 1}"#, r#"{"a": {"N": "1e50"}}"#, OVERFLOW),
        ("SET a = a + :v", r#"{":v": 1}"#, r#"{"a": {"N": "1e50"}}"#, OVERFLOW),
        ("ADD a :v", r#"{":v": {"N": "9e125"}}"#, r#"{"a": {"N": "9e125"}}"#, OVERFLOW),
    ] {
        assert_eq!(updated(expression, given, before), Err(expected.to_owned()), "{expression} on {before}");
    }
}

#[test]
fn keys_stay() {
    for (expression, key) in
        [("SET pk = :v", "pk"), ("SET a = :v REMOVE sk", "sk"), ("ADD sk :v", "sk"), ("SET pk.x = :v", "pk")]
    {
        let update = Update::parse(expression, &mut placeholders(r#"{":v": 1}"#)).unwrap();
        assert_eq!(
            update.check_keys(&schema()).unwrap_err().to_string(),
            format!(
                "One or more parameter values were invalid: Cannot update attribute {key}. This attribute is part of the key"
            )
        );
    }
    let update = Update::parse("SET a = pk", &mut placeholders("{}")).unwrap();
    assert_eq!(update.check_keys(&schema()), Ok(()));
}
