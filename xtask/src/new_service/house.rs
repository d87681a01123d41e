//! The files of a new house, from templates.

use super::plan::{Dialect, Plan};
use super::sample::field;
use crate::codegen::names::type_name;

/// Where each template goes; the noun takes the place of `NOUN`.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("house/Cargo.toml.txt")),
    ("model/support.toml", include_str!("house/support.toml.txt")),
    ("src/lib.rs", include_str!("house/lib.rs.txt")),
    ("src/model.rs", include_str!("house/model.rs.txt")),
    ("src/keys.rs", include_str!("house/keys.rs.txt")),
    ("src/store.rs", include_str!("house/store.rs.txt")),
    ("src/errors.rs", include_str!("house/errors.rs.txt")),
    ("src/ops/mod.rs", include_str!("house/ops/mod.rs.txt")),
    ("src/ops/NOUN.rs", include_str!("house/ops/noun.rs.txt")),
    ("tests/it.rs", include_str!("house/it.rs.txt")),
    ("tests/it/NOUN.rs", include_str!("house/it/noun.rs.txt")),
    ("tests/golden/NOUN_v1.json", include_str!("house/golden.json.txt")),
];

/// Every file of the house but those that codegen and the model give: path and text.
pub fn files(plan: &Plan) -> Vec<(String, String)> {
    let words = words(plan);
    let fill = |template: &str| words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value));
    FILES.iter().map(|(path, template)| (path.replace("NOUN", &plan.noun), fill(template))).collect()
}

fn words(plan: &Plan) -> Vec<(&'static str, String)> {
    let noun_type: String = plan.noun.split('_').map(type_name).collect();
    let plain = plan.noun.replace('_', " ");
    let (family, common, denial) = match plan.dialect {
        Dialect::Json => ("Json", "JSON", "AccessDeniedException"),
        Dialect::RestJson => ("RestJson", "REST_JSON", "AccessDeniedException"),
        Dialect::Query => ("Query", "QUERY", "AccessDenied"),
    };
    let (first, rest) = plan.required.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
    let name = field(first);
    let fields = std::iter::once(name.clone()).chain(rest.iter().map(|member| format!("{}: _", field(member))));
    vec![
        ("@house@", plan.house.clone()),
        ("@crate@", plan.house.replace('-', "_")),
        ("@title@", plan.title.clone()),
        ("@noun@", plan.noun.clone()),
        ("@nouns@", format!("{plain}s")),
        ("@Nouns@", format!("{}s", capital(&plain))),
        ("@noun_words@", plain.clone()),
        ("@Noun@", noun_type),
        ("@NOUN@", plan.noun.to_uppercase()),
        ("@Operation@", plan.operation.clone()),
        ("@operation@", crate::codegen::names::snake(&plan.operation)),
        ("@Input@", plan.input.clone()),
        ("@Output@", plan.output.clone()),
        ("@fields@", fields.collect::<Vec<_>>().join(", ")),
        ("@name@", name),
        ("@demand@", plan.demand.clone()),
        ("@Family@", family.to_owned()),
        ("@COMMON@", common.to_owned()),
        ("@members@", plan.members.clone()),
        ("@request@", plan.request.clone()),
        ("@refusal@", "NotImplemented".to_owned()),
        ("@denial@", denial.to_owned()),
    ]
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;
    use crate::tidy;

    fn model(protocol: &str) -> Value {
        json!({
            "metadata": {"protocol": protocol, "endpointPrefix": "shelf", "serviceFullName": "Amazon Shelf"},
            "operations": {"GetBookCase": {
                "http": {"method": "GET", "requestUri": "/cases/{Name}"},
                "input": {"shape": "GetBookCaseRequest"}, "output": {"shape": "GetBookCaseResponse"},
            }, "ListBookCases": {"input": {"shape": "ListBookCasesRequest"}}},
            "shapes": {
                "GetBookCaseRequest": {"type": "structure", "required": ["Kind", "Type"], "members": {
                    "Kind": {"shape": "Kind"}, "Type": {"shape": "Name", "location": "uri", "locationName": "Name"},
                }},
                "GetBookCaseResponse": {"type": "structure", "members": {}},
                "ListBookCasesRequest": {"type": "structure", "members": {}},
                "Kind": {"type": "integer", "min": 3},
                "Name": {"type": "string", "min": 30, "pattern": "[a-z0-9:-]+"},
            },
        })
    }

    fn permissions() -> Value {
        let arn = ["arn", "${Partition}", "shelf", "${Region}", "${Account}", "case/${Kind}/${CaseName}"].join(":");
        json!({
            "service": "book-shelf",
            "actions": {"GetBookCase": {"resources": ["case"]}, "ListBookCases": {"resources": []}},
            "resources": {"case": {"arns": [arn]}},
        })
    }

    fn plan(protocol: &str) -> Plan {
        Plan::of(&model(protocol), &permissions(), "book-shelf", "GetBookCase", None).unwrap()
    }

    #[test]
    fn every_file_is_rust_and_keeps_the_rules() {
        let root = Path::new("/r");
        for protocol in ["json", "rest-json", "query"] {
            for (path, text) in files(&plan(protocol)) {
                assert!(!text.contains('@'), "{path}: {text}");
                if path.ends_with(".rs") {
                    let path = root.join("services/book-shelf").join(path);
                    let findings = tidy::file(root, &path, &text).unwrap();
                    let findings: Vec<String> = findings.into_iter().map(|finding| finding.text).collect();
                    assert!(findings.is_empty(), "{}: {findings:?}\n{text}", path.display());
                }
            }
        }
    }

    #[test]
    fn the_operation_takes_its_input_apart() {
        let files = files(&plan("json"));
        let of = |name: &str| files.iter().find(|(path, _)| path == name).unwrap().1.as_str();
        let operation = of("src/ops/book_case.rs");
        assert!(operation.contains("let GetBookCaseRequest { r#type, kind: _ } = input;"), "{operation}");
        assert!(of("src/model.rs").contains("pub(crate) enum BookCaseRecord {"));
        let demand =
            r#"demands![book_shelf::GetBookCase(s.arn("shelf", &format!("case/{name}/{name}", name = i.r#type)))]"#;
        assert!(of("src/lib.rs").contains(demand), "{}", of("src/lib.rs"));
        assert!(of("tests/it.rs").contains("book_shelf::service()"));
        assert!(
            of("model/support.toml").ends_with("GetBookCaseRequest = [\"Kind\", \"Type\"]\nGetBookCaseResponse = []\n")
        );
    }

    #[test]
    fn requests_are_as_the_protocol_has_them() {
        let name = "00000000-0000-0000-0000-000000000000";
        assert_eq!(plan("json").request, format!(r#"GetBookCase {{"Kind":3,"Type":"{name}"}}"#));
        assert_eq!(plan("query").request, format!("Action=GetBookCase&Kind=1&Type={name}"));
        assert_eq!(plan("rest-json").request, format!(r#"GET /cases/{name} {{"Kind":3}}"#));
    }

    #[test]
    fn what_cannot_begin_a_house_is_refused() {
        let refused = |protocol: &str, operation: &str| {
            Plan::of(&model(protocol), &permissions(), "shelf", operation, None).unwrap_err().to_string()
        };
        assert_eq!(
            refused("json", "ListBookCases"),
            "ListBookCases demands no name of a resource: begin with another one"
        );
        assert_eq!(refused("json", "GetBook"), "the model has no operation GetBook");
        assert!(refused("rest-xml", "GetBookCase").contains("rest-xml"));
    }
}
