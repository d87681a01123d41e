//! What came of an input, in a word: inputs with a new one are kept to be mutated further.

use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};

use wire::Structure;

/// Inputs of one class took, as far as can be told from outside, the same way.
pub type Class = u64;

/// Of a text, so many words tell the class.
const WORDS_MAX: usize = 8;
/// Longer words are names.
const WORD_BYTES_MAX: usize = 14;

/// The class of whatever can be hashed.
pub fn of(value: impl Hash) -> Class {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The class of an error: the plain words of its text, without what it quotes.
pub fn of_text(error: &impl Display) -> Class {
    let text = error.to_string();
    let spoken = text.split(['\'', '"']).step_by(2).flat_map(str::split_ascii_whitespace);
    let plain = |word: &&str| word.len() <= WORD_BYTES_MAX && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    of(spoken.filter(plain).take(WORDS_MAX).collect::<Vec<_>>())
}

/// The class of a structure: which of its members are present.
pub fn of_structure(input: &dyn Structure) -> Class {
    let members = input.facts().members.len();
    let present: Vec<usize> =
        (0..members).filter(|index| input.member(*index).is_some_and(|member| member.present())).collect();
    of((input.facts().name, present))
}
