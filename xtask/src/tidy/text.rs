//! Rules on a file's text: its length, its first line, words that stand for a rule.

use std::path::Path;

use super::{Finding, is_test};

const LINES_MAX: usize = 600;

/// A word, where it is fine, and what to do instead.
struct Ban {
    word: &'static str,
    except: &'static [&'static str],
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban { word: "\"arn:", except: &["core/base"], instead: "build ARNs with base::Scope" },
    Ban { word: "SystemTime::now", except: &["core/base"], instead: "take the time from a Clock" },
    Ban { word: "rand::", except: &["core/base"], instead: "take randomness from base::Ids" },
    Ban {
        word: "env::var(",
        except: &["clearsky/src/config.rs", "xtask", "core/base"],
        instead: "configuration is read in clearsky/src/config.rs",
    },
    Ban { word: "unbounded_channel", except: &[], instead: "put a limit on it" },
    Ban { word: "todo!(", except: &[], instead: "answer NotImplemented" },
    Ban { word: "unimplemented!(", except: &[], instead: "answer NotImplemented" },
    Ban { word: "#[ignore", except: &[], instead: "a test runs, or says why it was skipped" },
    Ban { word: "#[should_panic", except: &[], instead: "test the error" },
];

/// Words that say nothing in a type's name.
const EMPTY_WORDS: &[&str] = &["Manager", "Helper", "Util", "Handler", "Impl"];

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
    let test_from = source.lines().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    for (index, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        if is_test(path) || index > test_from || place.starts_with("xtask/src/tidy") {
            continue;
        }
        for ban in BANS.iter().filter(|ban| has_word(code, ban.word)) {
            if !ban.except.iter().any(|except| place.starts_with(except)) {
                find(index + 1, format!("`{}`: {}", ban.word, ban.instead));
            }
        }
        if let Some(name) = type_name(code).filter(|name| EMPTY_WORDS.iter().any(|word| name.ends_with(word))) {
            find(index + 1, format!("{name}: a name says what the thing is"));
        }
    }
    findings
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
