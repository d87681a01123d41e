//! What updates make of items.

use super::{item, placeholders, updated};
use crate::engine::update::Update;

fn check(rows: &[(&str, &str, &str, &str)]) {
    for (expression, given, before, after) in rows {
        assert_eq!(updated(expression, given, before), Ok(item(after)), "{expression} with {given} on {before}");
    }
}

#[test]
fn set() {
    check(&[
        ("SET a = :v", r#"{":v": 1}"#, "{}", r#"{"a": 1}"#),
        ("set a=:v", r#"{":v": 1}"#, r#"{"a": "x", "b": 2}"#, r#"{"a": 1, "b": 2}"#),
        ("SET a = b, b = a", "{}", r#"{"a": 1, "b": 2}"#, r#"{"a": 2, "b": 1}"#),
        ("SET a = :v, b = a", r#"{":v": 9}"#, r#"{"a": 1}"#, r#"{"a": 9, "b": 1}"#),
        ("SET n = n + :v", r#"{":v": 1}"#, r#"{"n": 41}"#, r#"{"n": 42}"#),
        ("SET n = n - :v", r#"{":v": {"N": "0.1"}}"#, r#"{"n": {"N": "0.3"}}"#, r#"{"n": {"N": "0.2"}}"#),
        ("SET n = :v - n", r#"{":v": 1}"#, r#"{"n": 3}"#, r#"{"n": -2}"#),
        ("SET n = (n + :v)", r#"{":v": 1}"#, r#"{"n": 3}"#, r#"{"n": 4}"#),
        (
            "SET n = n+:v",
            r#"{":v": 1}"#,
            r#"{"n": {"N": "99999999999999999999999999999999999999"}}"#,
            r#"{"n": {"N": "1e38"}}"#,
        ),
        ("SET n = if_not_exists(n, :z) + :v", r#"{":v": 1, ":z": 0}"#, "{}", r#"{"n": 1}"#),
        ("SET n = if_not_exists(n, :z) + :v", r#"{":v": 1, ":z": 0}"#, r#"{"n": 7}"#, r#"{"n": 8}"#),
        ("SET a = if_not_exists(b, :v)", r#"{":v": 1}"#, r#"{"b": 5}"#, r#"{"a": 5, "b": 5}"#),
        ("SET a = if_not_exists(b, if_not_exists(c, :v))", r#"{":v": 1}"#, r#"{"c": 3}"#, r#"{"a": 3, "c": 3}"#),
        ("SET a = if_not_exists(b, c)", "{}", r#"{"b": 5}"#, r#"{"a": 5, "b": 5}"#),
        ("SET m.x = :v", r#"{":v": 1}"#, r#"{"m": {}}"#, r#"{"m": {"x": 1}}"#),
        ("SET m.x = m.y, m.y = m.x", "{}", r#"{"m": {"x": 1, "y": 2}}"#, r#"{"m": {"x": 2, "y": 1}}"#),
        ("SET m.#k.z = :v", r##"{"#k": "a.b", ":v": 1}"##, r#"{"m": {"a.b": {}}}"#, r#"{"m": {"a.b": {"z": 1}}}"#),
        ("SET l[1] = :v", r#"{":v": "x"}"#, r#"{"l": [1, 2, 3]}"#, r#"{"l": [1, "x", 3]}"#),
        ("SET l[9] = :v", r#"{":v": "x"}"#, r#"{"l": [1]}"#, r#"{"l": [1, "x"]}"#),
        (
            "SET l[9] = :a, l[5] = :b",
            r#"{":a": "nine", ":b": "five"}"#,
            r#"{"l": [1]}"#,
            r#"{"l": [1, "five", "nine"]}"#,
        ),
        ("SET l[0][1] = :v", r#"{":v": 2}"#, r#"{"l": [[1]]}"#, r#"{"l": [[1, 2]]}"#),
        ("SET l[0].k = :v", r#"{":v": 2}"#, r#"{"l": [{}]}"#, r#"{"l": [{"k": 2}]}"#),
        ("SET l = list_append(l, :v)", r#"{":v": [3]}"#, r#"{"l": [1, 2]}"#, r#"{"l": [1, 2, 3]}"#),
        ("SET l = list_append(:v, l)", r#"{":v": [3]}"#, r#"{"l": [1, 2]}"#, r#"{"l": [3, 1, 2]}"#),
        ("SET l = list_append(if_not_exists(l, :e), :v)", r#"{":v": [3], ":e": []}"#, "{}", r#"{"l": [3]}"#),
        ("SET a = :v", r#"{":v": ""}"#, "{}", r#"{"a": ""}"#),
        ("SET #n = :v", r##"{"#n": "name", ":v": 1}"##, "{}", r#"{"name": 1}"#),
    ]);
}

#[test]
fn remove() {
    check(&[
        ("REMOVE a", "{}", r#"{"a": 1, "b": 2}"#, r#"{"b": 2}"#),
        ("REMOVE gone", "{}", r#"{"a": 1}"#, r#"{"a": 1}"#),
        ("REMOVE m.x, m.gone", "{}", r#"{"m": {"x": 1, "y": 2}}"#, r#"{"m": {"y": 2}}"#),
        ("REMOVE l[0]", "{}", r#"{"l": [1, 2, 3]}"#, r#"{"l": [2, 3]}"#),
        ("REMOVE l[0], l[2]", "{}", r#"{"l": [1, 2, 3]}"#, r#"{"l": [2]}"#),
        ("REMOVE l[2], l[1], l[0]", "{}", r#"{"l": [1, 2, 3]}"#, r#"{"l": []}"#),
        ("REMOVE l[7]", "{}", r#"{"l": [1]}"#, r#"{"l": [1]}"#),
        ("REMOVE l[0], l[1][0]", "{}", r#"{"l": [1, [2, 3]]}"#, r#"{"l": [[3]]}"#),
        ("REMOVE l[0], l[1].x", "{}", r#"{"l": [1, {"x": 1, "y": 2}]}"#, r#"{"l": [{"y": 2}]}"#),
        ("SET l[1] = :v REMOVE l[0]", r#"{":v": "x"}"#, r#"{"l": [1, 2, 3]}"#, r#"{"l": ["x", 3]}"#),
        ("REMOVE l[0] SET l[5] = :v", r#"{":v": "x"}"#, r#"{"l": [1, 2]}"#, r#"{"l": [2, "x"]}"#),
        ("REMOVE l[0] SET l[1].k = :v", r#"{":v": 1}"#, r#"{"l": [1, {}]}"#, r#"{"l": [{"k": 1}]}"#),
    ]);
}

#[test]
fn add_and_delete() {
    check(&[
        ("ADD n :v", r#"{":v": 5}"#, "{}", r#"{"n": 5}"#),
        ("ADD n :v", r#"{":v": -5}"#, r#"{"n": 2}"#, r#"{"n": -3}"#),
        ("ADD m.n :v", r#"{":v": 1}"#, r#"{"m": {}}"#, r#"{"m": {"n": 1}}"#),
        ("ADD l[0] :v", r#"{":v": 1}"#, r#"{"l": [1]}"#, r#"{"l": [2]}"#),
        (
            "ADD s :v",
            r#"{":v": {"SS": ["b", "c"]}}"#,
            r#"{"s": {"SS": ["a", "b"]}}"#,
            r#"{"s": {"SS": ["a", "b", "c"]}}"#,
        ),
        ("ADD s :v", r#"{":v": {"NS": ["1"]}}"#, "{}", r#"{"s": {"NS": ["1"]}}"#),
        ("ADD s :v", r#"{":v": {"NS": ["1.0", "2"]}}"#, r#"{"s": {"NS": ["1"]}}"#, r#"{"s": {"NS": ["1", "2"]}}"#),
        ("ADD s :v", r#"{":v": {"BS": ["x"]}}"#, r#"{"s": {"BS": ["y"]}}"#, r#"{"s": {"BS": ["x", "y"]}}"#),
        ("DELETE s :v", r#"{":v": {"SS": ["b", "c"]}}"#, r#"{"s": {"SS": ["a", "b"]}}"#, r#"{"s": {"SS": ["a"]}}"#),
        ("DELETE s :v", r#"{":v": {"SS": ["a", "b"]}}"#, r#"{"s": {"SS": ["a"]}, "x": 1}"#, r#"{"x": 1}"#),
        ("DELETE s :v", r#"{":v": {"SS": ["a"]}}"#, r#"{"x": 1}"#, r#"{"x": 1}"#),
        ("DELETE m.s :v", r#"{":v": {"NS": ["1"]}}"#, r#"{"m": {"s": {"NS": ["1"]}}}"#, r#"{"m": {}}"#),
        ("DELETE s :v", r#"{":v": {"BS": ["q"]}}"#, r#"{"s": {"BS": ["p", "q"]}}"#, r#"{"s": {"BS": ["p"]}}"#),
        (
            "SET a = :one, b = b + :one REMOVE c ADD d :one DELETE e :e",
            r#"{":one": 1, ":e": {"SS": ["x"]}}"#,
            r#"{"b": 1, "c": 1, "d": 1, "e": {"SS": ["x", "y"]}}"#,
            r#"{"a": 1, "b": 2, "d": 2, "e": {"SS": ["y"]}}"#,
        ),
    ]);
}

#[test]
fn returned_values() {
    for (expression, given, before, old, new) in [
        ("SET a = :v", r#"{":v": 2}"#, r#"{"a": 1, "b": 1}"#, r#"{"a": 1}"#, r#"{"a": 2}"#),
        ("SET a = :v", r#"{":v": 2}"#, r#"{"b": 1}"#, "{}", r#"{"a": 2}"#),
        ("SET m.x = :v", r#"{":v": 2}"#, r#"{"m": {"x": 1, "y": 1}}"#, r#"{"m": {"x": 1}}"#, r#"{"m": {"x": 2}}"#),
        ("REMOVE a, b", "{}", r#"{"a": 1, "b": 2, "c": 3}"#, r#"{"a": 1, "b": 2}"#, "{}"),
        (
            "SET l[1] = :v REMOVE a",
            r#"{":v": 9}"#,
            r#"{"l": [1, 2], "a": 1}"#,
            r#"{"l": [2], "a": 1}"#,
            r#"{"l": [9]}"#,
        ),
    ] {
        let update = Update::parse(expression, &mut placeholders(given)).unwrap();
        let before = item(before);
        let mut after = before.clone();
        update.apply(&mut after).unwrap();
        assert_eq!(update.touched().project(&before), item(old), "{expression}");
        assert_eq!(update.touched().project(&after), item(new), "{expression}");
    }
}
