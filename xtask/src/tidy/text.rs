//! Rules on a file's text: its length, its first line, words that stand for a rule.

use std::path::Path;

use super::{Finding, is_test};

const LINES_MAX: usize = 600;

/// Where a rule holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    /// In what the server runs.
    Server,
    /// In tests.
    Tests,
    Everywhere,
}

/// A word, where it is fine, and what to do instead.
struct Ban {
    word: &'static str,
    holds: Where,
    except: &'static [&'static str],
    instead: &'static str,
}

const fn server(word: &'static str, except: &'static [&'static str], instead: &'static str) -> Ban {
    Ban { word, holds: Where::Server, except, instead }
}

const CLOCK: &str = "take the time from a Clock";
const CONFIG: &str = "configuration is read in clearsky/src/config.rs";
const BOUNDED: &str = "put a limit on it";
/// Our tools stand outside the server.
const TOOLS: &[&str] = &["xtask", "bench", "fuzz"];
const CONFIGURES: &[&str] = &["clearsky/src/config.rs", "xtask", "core/base"];

const BANS: &[Ban] = &[
    server("\"arn:", &["core/base", "fuzz"], "build ARNs with base::Scope"),
    server("SystemTime::now", &["core/base"], CLOCK),
    server("Utc::now", &[], CLOCK),
    server("Zoned::now", &[], CLOCK),
    server("Timestamp::now", &["core/base"], CLOCK),
    server("rand::", &["core/base"], "take randomness from base::Ids"),
    server("getrandom::", &["core/base"], "take randomness from base::Ids"),
    server("env::var", CONFIGURES, CONFIG),
    server("env::vars", CONFIGURES, CONFIG),
    server("Demand::new(\"", &["core/service"], "demand!(service::Action(resource)) compiles for what IAM knows only"),
    server("unbounded_channel", &[], BOUNDED),
    server("UnboundedSender", &[], BOUNDED),
    server("mpsc::unbounded", &[], BOUNDED),
    server("mpsc::channel()", &[], BOUNDED),
    server("todo!(", &[], "answer NotImplemented"),
    server("unimplemented!(", &[], "answer NotImplemented"),
    server("let _ = input", &[], "what is not honoured is not in support.toml"),
    Ban { word: "#[ignore", holds: Where::Everywhere, except: &[], instead: "a test runs, or says why it was skipped" },
    Ban { word: "#[should_panic", holds: Where::Everywhere, except: &[], instead: "test the error" },
    Ban { word: "thread::sleep", holds: Where::Tests, except: SLEEPERS, instead: "wait for what is to happen" },
    Ban { word: "time::sleep", holds: Where::Tests, except: SLEEPERS, instead: "wait for what is to happen" },
];

/// Tests of what only time does: the kernel does not say when a process has gone, and who is frozen must stay so a while.
const SLEEPERS: &[&str] = &["engines/sandbox/tests/it/life.rs"];

/// Words that say nothing in a type's name.
const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Util", "Handler", "Data", "Info", "Impl"];

/// Below the houses nobody knows them by name: what is special about one is in its descriptor.
const HOUSE_NAMES: &[&str] = &[
    "\"s3\"",
    "\"lambda\"",
    "\"dynamodb\"",
    "\"apigateway\"",
    "\"logs\"",
    "\"sqs\"",
    "\"sns\"",
    "\"ssm\"",
    "\"cognito\"",
];
/// Where a name stands for a service that may not be here at all, or for what IAM itself says of one.
const NAMES_HOUSES: &[&str] = &["edge/src/absent.rs", "core/policy/src/parse.rs"];

/// Checks one file.
pub fn check(root: &Path, path: &Path, source: &str) -> Vec<Finding> {
    let place = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let mut findings = Vec::new();
    let mut find = |line: usize, text: String| findings.push(Finding { path: path.to_owned(), line, text });
    let lines = source.lines().count();
    if lines > LINES_MAX {
        find(1, format!("{lines} lines; at most {LINES_MAX}"));
    }
    if !source.starts_with("//! ") {
        find(1, "the first line says in a sentence what is here: //! ...".into());
    }
    if place.starts_with("xtask/src/tidy") {
        return findings;
    }
    let test_from = source.lines().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    for (index, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let in_test = is_test(path) || index > test_from;
        for ban in BANS.iter().filter(|ban| ban.holds.covers(in_test) && has_word(code, ban.word)) {
            if !ban.except.iter().any(|except| place.starts_with(except)) {
                find(index + 1, format!("`{}`: {}", ban.word, ban.instead));
            }
        }
        if in_test {
            continue;
        }
        if let Some(name) = type_name(code).filter(|name| EMPTY_WORDS.iter().any(|word| name.ends_with(word))) {
            find(index + 1, format!("{name}: a name says what the thing is"));
        }
        for name in HOUSE_NAMES.iter().filter(|name| knows_protocols_only(&place) && code.contains(**name)) {
            find(index + 1, format!("{name}: the edge and the core know protocols, never services"));
        }
        if code.contains("token") && ["STANDARD", "URL_SAFE", "BASE64"].iter().any(|word| code.contains(word)) {
            let sealed = place.starts_with("core/") || TOOLS.iter().any(|tool| place.starts_with(tool));
            if !sealed {
                find(index + 1, "a page token is sealed by base::Page".into());
            }
        }
    }
    findings
}

impl Where {
    fn covers(self, in_test: bool) -> bool {
        match self {
            Self::Server => !in_test,
            Self::Tests => in_test,
            Self::Everywhere => true,
        }
    }
}

fn knows_protocols_only(place: &str) -> bool {
    (place.starts_with("edge/") || place.starts_with("core/")) && !NAMES_HOUSES.contains(&place)
}

/// Whether the word stands in the code, not as the end of a longer one.
fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|start| start.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn type_name(code: &str) -> Option<&str> {
    let code = code.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
    let rest = ["struct ", "enum ", "trait "].iter().find_map(|word| code.strip_prefix(word))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: &str, code: &str, expected: &str) {
        let root = Path::new("/root");
        let found = super::check(root, &root.join(place), &format!("//! A file.\n{code}\n"));
        let texts: Vec<String> = found.into_iter().map(|finding| finding.text).collect();
        match expected {
            "" => assert!(texts.is_empty(), "{place} {code}: {texts:?}"),
            _ => assert!(texts.iter().any(|text| text.contains(expected)), "{place} {code}: {texts:?}"),
        }
    }

    #[test]
    fn words_are_banned_where_their_rule_holds() {
        check("services/s3/src/store.rs", "let t = SystemTime::now();", "Clock");
        check("services/s3/tests/it.rs", "let t = SystemTime::now();", "");
        check("services/s3/tests/it.rs", "#[ignore]", "skipped");
        check("services/s3/src/store.rs", "#[cfg(test)]\nmod tests {\n#[should_panic]", "test the error");
        check("services/s3/tests/it.rs", "std::thread::sleep(SHORT);", "wait");
        check("services/s3/src/worker.rs", "tokio::time::sleep(SHORT).await;", "");
        check("services/s3/src/store.rs", "let v = std::env::var_os(\"A\");", "config.rs");
        check("clearsky/src/config.rs", "let v = std::env::var(\"A\");", "");
        check("services/s3/src/store.rs", "let operand::x = 1;", "");
    }

    #[test]
    fn names_say_something() {
        check("edge/src/a.rs", "pub struct RequestInfo;", "a name says");
        check("edge/src/a.rs", "enum KeyData {", "a name says");
        check("edge/src/a.rs", "struct Database;", "");
    }

    #[test]
    fn the_edge_knows_no_service() {
        check("edge/src/serve.rs", "if service == \"s3\" {", "never services");
        check("services/s3/src/lib.rs", "name: \"s3\",", "");
    }

    #[test]
    fn page_tokens_are_sealed() {
        check("services/s3/src/ops/list.rs", "let token = BASE64_STANDARD.encode(key);", "sealed");
        check("services/s3/src/ops/list.rs", "let etag = BASE64_STANDARD.encode(key);", "");
    }
}
