//! Parameters.

use service::testing::Kit;

use crate::house;

const REQUEST: &str = r#"GetParameter {"Name":"example"}"#;

#[test]
fn what_is_not_written_yet_is_refused() {
    let answer = house().ask(&Kit::root(), REQUEST);
    assert!(answer.contains("NotImplemented"), "{answer}");
}

#[test]
fn nobody_may_without_permission() {
    let answer = house().ask(&Kit::nobody(), REQUEST);
    assert!(answer.contains("AccessDeniedException"), "{answer}");
}
