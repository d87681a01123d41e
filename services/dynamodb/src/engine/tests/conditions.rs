//! What conditions say about items.

use super::holds;

const ITEM: &str = r#"{
    "s": "hello", "n": 5, "big": {"N": "1e20"}, "b": {"B": "bytes"}, "t": true, "nil": null, "e": "",
    "l": [1, "two", [3, {"deep": 4}]], "m": {"x": 1, "y": {"z": "zz"}},
    "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2.50"]}, "bs": {"BS": ["p", "q"]}, "uni": "héé𝄞"
}"#;

fn check(rows: &[(&str, &str, bool)]) {
    for (expression, given, expected) in rows {
        assert_eq!(holds(expression, given, ITEM), expected.to_string(), "{expression} with {given}");
    }
}

#[test]
fn comparisons() {
    check(&[
        ("s = :v", r#"{":v": "hello"}"#, true),
        ("s = :v", r#"{":v": "Hello"}"#, false),
        (":v = s", r#"{":v": "hello"}"#, true),
        ("s <> :v", r#"{":v": "x"}"#, true),
        ("s <> :v", r#"{":v": "hello"}"#, false),
        ("s < :v", r#"{":v": "hellp"}"#, true),
        ("s <= :v", r#"{":v": "hello"}"#, true),
        ("s > :v", r#"{":v": "hell"}"#, true),
        ("s >= :v", r#"{":v": "hello!"}"#, false),
        ("n = :v", r#"{":v": {"N": "5.000"}}"#, true),
        ("n = :v", r#"{":v": {"N": "0.5e1"}}"#, true),
        ("n < :v", r#"{":v": 10}"#, true),
        ("n > :v", r#"{":v": -10}"#, true),
        ("n >= :v", r#"{":v": 5}"#, true),
        ("big > :v", r#"{":v": {"N": "99999999999999999999"}}"#, true),
        ("big = :v", r#"{":v": {"N": "100000000000000000000"}}"#, true),
        ("b = :v", r#"{":v": {"B": "bytes"}}"#, true),
        ("b < :v", r#"{":v": {"B": "c"}}"#, true),
        ("t = :v", r#"{":v": true}"#, true),
        ("t = :v", r#"{":v": false}"#, false),
        ("nil = :v", r#"{":v": null}"#, true),
        ("l[0] = :v", r#"{":v": 1}"#, true),
        ("ss = :v", r#"{":v": {"SS": ["b", "a"]}}"#, true),
        ("ss = :v", r#"{":v": {"SS": ["b"]}}"#, false),
        ("ns = :v", r#"{":v": {"NS": ["2.5", "1.0"]}}"#, true),
        ("m = :v", r#"{":v": {"y": {"z": "zz"}, "x": 1}}"#, true),
        ("l = :v", r#"{":v": [1, "two", [3, {"deep": 4}]]}"#, true),
        ("l = :v", r#"{":v": ["two", 1, [3, {"deep": 4}]]}"#, false),
        // Types differ: never equal, never ordered.
        ("n = :v", r#"{":v": "5"}"#, false),
        ("n <> :v", r#"{":v": "5"}"#, true),
        ("n < :v", r#"{":v": "9"}"#, false),
        ("n >= :v", r#"{":v": "1"}"#, false),
        // What is missing is equal to nothing.
        ("gone = :v", r#"{":v": 1}"#, false),
        ("gone <> :v", r#"{":v": 1}"#, true),
        ("gone < :v", r#"{":v": 1}"#, false),
        ("NOT gone = :v", r#"{":v": 1}"#, true),
        ("gone <> lost", "{}", true),
        ("n = l[0]", "{}", false),
        ("m.x = l[0]", "{}", true),
        ("(n) = (:v)", r#"{":v": 5}"#, true),
    ]);
}

#[test]
fn between_and_in() {
    check(&[
        ("n BETWEEN :a AND :b", r#"{":a": 5, ":b": 5}"#, true),
        ("n BETWEEN :a AND :b", r#"{":a": 1, ":b": 9}"#, true),
        ("n between :a and :b", r#"{":a": 6, ":b": 9}"#, false),
        ("s BETWEEN :a AND :b", r#"{":a": "a", ":b": "z"}"#, true),
        ("s BETWEEN :a AND :b", r#"{":a": 1, ":b": 9}"#, false),
        ("gone BETWEEN :a AND :b", r#"{":a": 1, ":b": 9}"#, false),
        (":v BETWEEN l[0] AND big", r#"{":v": 7}"#, true),
        ("n BETWEEN :a AND :b AND s = :s", r#"{":a": 1, ":b": 9, ":s": "hello"}"#, true),
        ("n IN (:a)", r#"{":a": 5}"#, true),
        ("n IN (:a, :b, s)", r#"{":a": "5", ":b": {"N": "5.0"}}"#, true),
        ("n in (:a, :b)", r#"{":a": 1, ":b": 2}"#, false),
        ("gone IN (:a)", r#"{":a": 1}"#, false),
        ("NOT n IN (:a)", r#"{":a": 1}"#, true),
        ("size(s) IN (:a)", r#"{":a": 5}"#, true),
    ]);
}

#[test]
fn precedence() {
    // `n = :n` is true, `n = :f` is false.
    let given = r#"{":n": 5, ":f": 6}"#;
    for (expression, expected) in [
        ("n = :n OR n = :n AND n = :f", true),
        ("(n = :n OR n = :n) AND n = :f", false),
        ("n = :f AND n = :f OR n = :n", true),
        ("n = :f AND (n = :f OR n = :n)", false),
        ("NOT n = :f AND n = :n", true),
        ("NOT (n = :f AND n = :n)", true),
        ("NOT n = :n OR n = :f", false),
        ("NOT (n = :n OR n = :f)", false),
        ("NOT NOT n = :n OR n = :f", true),
        ("n = :n AND NOT n = :f", true),
        ("not(n = :f)and(n = :n)", true),
        ("n = :n\n\tAND\r\nNOT n=:f", true),
        ("(n = :n) AND ((n = :f) OR (n = :n))", true),
        ("n = :f OR n = :f OR n = :f OR n = :n", true),
        ("n = :n AND n = :n AND n = :f", false),
    ] {
        let used = if expression.contains(":n") { given } else { r#"{":f": 6}"# };
        let used = if expression.contains(":f") { used } else { r#"{":n": 5}"# };
        assert_eq!(holds(expression, used, ITEM), expected.to_string(), "{expression}");
    }
}

#[test]
fn functions() {
    check(&[
        ("attribute_exists(s)", "{}", true),
        ("attribute_exists(nil)", "{}", true),
        ("attribute_exists(gone)", "{}", false),
        ("attribute_exists(m.y.z)", "{}", true),
        ("attribute_exists(m.y.gone)", "{}", false),
        ("attribute_exists(l[2][1].deep)", "{}", true),
        ("attribute_exists(l[3])", "{}", false),
        ("attribute_exists(s.x)", "{}", false),
        ("attribute_exists(m[0])", "{}", false),
        ("attribute_not_exists(gone)", "{}", true),
        ("attribute_not_exists(s)", "{}", false),
        ("(attribute_not_exists(gone))", "{}", true),
        ("NOT attribute_exists(gone)", "{}", true),
        ("attribute_exists (s)", "{}", true),
        ("attribute_exists((s))", "{}", true),
        ("attribute_exists(#a.#b)", r##"{"#a": "m", "#b": "x"}"##, true),
        ("attribute_exists(#a)", r##"{"#a": "m.x"}"##, false),
        ("attribute_type(s, :t)", r#"{":t": "S"}"#, true),
        ("attribute_type(nil, :t)", r#"{":t": "NULL"}"#, true),
        ("attribute_type(t, :t)", r#"{":t": "BOOL"}"#, true),
        ("attribute_type(ns, :t)", r#"{":t": "NS"}"#, true),
        ("attribute_type(m, :t)", r#"{":t": "L"}"#, false),
        ("attribute_type(gone, :t)", r#"{":t": "S"}"#, false),
        ("begins_with(s, :v)", r#"{":v": "hel"}"#, true),
        ("begins_with(s, :v)", r#"{":v": ""}"#, true),
        ("begins_with(s, :v)", r#"{":v": "el"}"#, false),
        ("begins_with(b, :v)", r#"{":v": {"B": "by"}}"#, true),
        ("begins_with(b, :v)", r#"{":v": "by"}"#, false),
        ("begins_with(n, :v)", r#"{":v": "5"}"#, false),
        ("contains(s, :v)", r#"{":v": "ell"}"#, true),
        ("contains(s, :v)", r#"{":v": "x"}"#, false),
        ("contains(b, :v)", r#"{":v": {"B": "te"}}"#, true),
        ("contains(ss, :v)", r#"{":v": "a"}"#, true),
        ("contains(ss, :v)", r#"{":v": "c"}"#, false),
        ("contains(ns, :v)", r#"{":v": {"N": "2.5"}}"#, true),
        ("contains(ns, :v)", r#"{":v": "1"}"#, false),
        ("contains(bs, :v)", r#"{":v": {"B": "q"}}"#, true),
        ("contains(l, :v)", r#"{":v": "two"}"#, true),
        ("contains(l, :v)", r#"{":v": [3, {"deep": 4}]}"#, true),
        ("contains(m, :v)", r#"{":v": "x"}"#, false),
        ("contains(n, :v)", r#"{":v": 5}"#, false),
        ("contains(gone, :v)", r#"{":v": 5}"#, false),
        ("size(s) = :v", r#"{":v": 5}"#, true),
        ("size(e) = :v", r#"{":v": 0}"#, true),
        ("size(uni) = :v", r#"{":v": 5}"#, true),
        ("size(b) = :v", r#"{":v": 5}"#, true),
        ("size(l) = :v", r#"{":v": 3}"#, true),
        ("size(m) < :v", r#"{":v": 3}"#, true),
        ("size(ss) = :v", r#"{":v": 2}"#, true),
        ("size(n) = :v", r#"{":v": 1}"#, false),
        ("size(gone) = :v", r#"{":v": 0}"#, false),
        ("(size(s)) > :v", r#"{":v": 4}"#, true),
        ("size(s) BETWEEN :a AND :b", r#"{":a": 1, ":b": 5}"#, true),
        (":v < size(l)", r#"{":v": 2}"#, true),
    ]);
}
