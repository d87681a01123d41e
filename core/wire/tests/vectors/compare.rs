//! Documents compared by what they say, not by their bytes.

use minicbor::Decoder;
use minicbor::data::Token;
use serde_json::{Value, json};

/// Whether two JSON values say the same: 1 is 1.0, and the order of members is nobody's.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// A CBOR item as JSON: bytes and tags are objects that say so. No bytes at all are an empty map.
pub fn cbor(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return json!({});
    }
    let mut tokens: Vec<Token<'_>> = Decoder::new(bytes).tokens().map(|token| token.unwrap()).collect();
    tokens.reverse();
    item(&mut tokens)
}

fn item(tokens: &mut Vec<Token<'_>>) -> Value {
    let number = |value: f64| if value.is_finite() { json!(value) } else { json!(value.to_string()) };
    match tokens.pop().unwrap() {
        Token::Map(count) => (0..count).map(|_| (text(tokens), item(tokens))).collect(),
        Token::Array(count) => (0..count).map(|_| item(tokens)).collect(),
        Token::BeginMap => std::iter::from_fn(|| more(tokens).then(|| (text(tokens), item(tokens)))).collect(),
        Token::BeginArray => std::iter::from_fn(|| more(tokens).then(|| item(tokens))).collect(),
        Token::BeginString => std::iter::from_fn(|| more(tokens).then(|| text(tokens))).collect::<String>().into(),
        Token::String(value) => json!(value),
        Token::Bytes(value) => json!({ "bytes": value }),
        Token::Tag(tag) => json!({ "tag": tag.as_u64(), "item": item(tokens) }),
        Token::Bool(value) => json!(value),
        Token::F16(value) | Token::F32(value) => number(value.into()),
        Token::F64(value) => number(value),
        Token::Null => Value::Null,
        integer => integer.to_string().parse().unwrap(),
    }
}

fn text(tokens: &mut Vec<Token<'_>>) -> String {
    item(tokens).as_str().unwrap().to_owned()
}

fn more(tokens: &mut Vec<Token<'_>>) -> bool {
    let ends = matches!(tokens.last(), Some(Token::Break));
    if ends {
        tokens.pop();
    }
    !ends
}

/// An XML element: names without prefixes, text without its indentation, children by name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

/// What identifies a request or says whose fault an error is, and is not the operation's.
const BOOKKEEPING: &[&str] = &["ResponseMetadata", "RequestId", "Resource", "HostId"];

impl Element {
    pub fn parse(text: &str) -> Option<Self> {
        let document = roxmltree::Document::parse(text.trim()).ok()?;
        let root = document.root_element();
        // S3, the one service of ours with restXml, does not wrap its errors.
        let wrapped = root.children().find(|child| child.has_tag_name("Error") && root.has_tag_name("ErrorResponse"));
        Some(Self::of(wrapped.unwrap_or(root)))
    }

    /// Whether nothing but bookkeeping is in it.
    pub fn says_nothing(&self) -> bool {
        self.text.is_empty() && self.children.iter().all(Self::says_nothing)
    }

    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        let is_error = node.tag_name().name() == "Error";
        let kept = |child: &roxmltree::Node<'_, '_>| {
            let name = child.tag_name().name();
            child.is_element() && !BOOKKEEPING.contains(&name) && !(is_error && name == "Type")
        };
        let mut children: Vec<Self> = node.children().filter(kept).map(Self::of).collect();
        // Members come in any order, and so do the entries of maps: those of pairs of scalars and the like.
        children.sort_by(|a, b| a.name.cmp(&b.name));
        if children.iter().all(|child| child.children.len() == 2) {
            children.sort();
        }
        let text: String = node.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
        let text = if children.is_empty() { text } else { String::new() };
        let mut attributes: Vec<(String, String)> =
            node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
        attributes.sort();
        // S3 writes the milliseconds of its times even where there are none.
        let text = text.trim().replace(".000Z", "Z");
        Self { name: node.tag_name().name().to_owned(), attributes, text, children }
    }
}
