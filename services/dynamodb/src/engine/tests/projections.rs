//! What projections take from items, and what they refuse.

use super::{Condition, ExpressionKind, Projection, item, placeholders, schema};

#[test]
fn takes_what_exists() {
    let on = item(r#"{"a": 1, "m": {"x": 1, "y": {"z": 2, "w": 3}}, "l": [0, {"k": 1, "j": 2}, [5, 6]], "s": "t"}"#);
    for (expression, given, expected) in [
        ("a", "{}", r#"{"a": 1}"#),
        ("a, s", "{}", r#"{"a": 1, "s": "t"}"#),
        ("gone", "{}", "{}"),
        ("m", "{}", r#"{"m": {"x": 1, "y": {"z": 2, "w": 3}}}"#),
        ("m.x", "{}", r#"{"m": {"x": 1}}"#),
        ("m.x, m.y.z", "{}", r#"{"m": {"x": 1, "y": {"z": 2}}}"#),
        ("m.gone, a", "{}", r#"{"a": 1}"#),
        ("m[0]", "{}", "{}"),
        ("l[0]", "{}", r#"{"l": [0]}"#),
        ("l[2], l[0]", "{}", r#"{"l": [0, [5, 6]]}"#),
        ("l[1].j, l[2][1]", "{}", r#"{"l": [{"j": 2}, [6]]}"#),
        ("l[9]", "{}", "{}"),
        ("l.x", "{}", "{}"),
        ("a.b", "{}", "{}"),
        ("#m.#y", r##"{"#m": "m", "#y": "y"}"##, r#"{"m": {"y": {"z": 2, "w": 3}}}"#),
    ] {
        let projection = Projection::parse(expression, &mut placeholders(given)).unwrap();
        assert_eq!(projection.project(&on), item(expected), "{expression}");
    }
}

#[test]
fn refuses() {
    let rest = "must remove or rewrite one of these paths; path one:";
    for (expression, expected) in [
        ("", "The expression can not be empty;".to_owned()),
        ("!!", r#"Syntax error; token: "!", near: "!!""#.to_owned()),
        ("a,", r#"Syntax error; token: "<EOF>", near: ",""#.to_owned()),
        ("a b", r#"Syntax error; token: "b", near: "a b""#.to_owned()),
        (":v", r#"Syntax error; token: ":v", near: ":v""#.to_owned()),
        ("a[b]", r#"Syntax error; token: "b", near: "[b]""#.to_owned()),
        ("a, name", "Attribute name is a reserved keyword; reserved keyword: name".to_owned()),
        ("#x", "An expression attribute name used in the document path is not defined; attribute name: #x".to_owned()),
        ("a, a", format!("Two document paths overlap with each other; {rest} [a], path two: [a]")),
        ("a.b[1], a.b", format!("Two document paths overlap with each other; {rest} [a, b, [1]], path two: [a, b]")),
        ("a.b, a[1]", format!("Two document paths conflict with each other; {rest} [a, b], path two: [a, [1]]")),
    ] {
        let error = Projection::parse(expression, &mut placeholders("{}")).unwrap_err().to_string();
        assert_eq!(error, format!("Invalid ProjectionExpression: {expected}"), "{expression}");
    }
}

#[test]
fn keys_are_scalars() {
    let scalar = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk";
    let projection = Projection::parse("a.b, pk.c", &mut placeholders("{}")).unwrap();
    assert_eq!(projection.check_key_paths(&schema()).unwrap_err().to_string(), scalar);
    assert_eq!(Projection::parse("pk, sk", &mut placeholders("{}")).unwrap().check_key_paths(&schema()), Ok(()));
    let condition = |text| Condition::parse(ExpressionKind::Filter, text, &mut placeholders("{}")).unwrap();
    assert_eq!(condition("size(pk[0]) > a").check_key_paths(&schema()).unwrap_err().to_string(), scalar);
    assert_eq!(condition("pk > a").check_key_paths(&schema()), Ok(()));
    assert_eq!(
        condition("a > b OR NOT attribute_exists(sk)")
            .check_no_keys(&schema(), "Filter Expression")
            .unwrap_err()
            .to_string(),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk"
    );
    assert_eq!(condition("a > b").check_no_keys(&schema(), "Filter Expression"), Ok(()));
}
