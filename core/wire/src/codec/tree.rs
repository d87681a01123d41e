//! XML and query parameters in: both become a small tree of named texts, and one reader fills structures from it.

use std::collections::HashMap;

use base::Timestamp;
use bytes::Bytes;
use serde_json::Value;

use crate::codec::{Items, TextReader, refused, too_deep, xml_bounds};
use crate::facts::{Kind, Location, Member, Schema, StructureFacts, TimestampFormat};
use crate::shape::{ReadError, Reader, Seen, Step, Structure, Track};

/// A named text with named children, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Node {
    pub text: String,
    pub children: Vec<(String, Node)>,
}

/// What the tree was made of: it decides how lists and maps are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeStyle {
    Xml,
    Query,
}

/// Elements and parameters that one request may carry, far above any real one.
const NODES_MAX: usize = 100_000;

impl Node {
    /// Parses an XML document; attributes become children, namespaces are dropped. Returns the root's name too.
    pub fn from_xml(text: &str) -> Result<(String, Self), ReadError> {
        xml_bounds::check(text)?;
        let options =
            roxmltree::ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX as u32, ..Default::default() };
        let document = roxmltree::Document::parse_with_options(text, options)
            .map_err(|e| ReadError::Malformed(format!("The XML is not well-formed: {e}")))?;
        let root = document.root_element();
        Ok((root.tag_name().name().to_owned(), Self::from_element(root, 0)?))
    }

    fn from_element(element: roxmltree::Node<'_, '_>, depth: usize) -> Result<Self, ReadError> {
        if depth > super::DEPTH_MAX {
            return Err(ReadError::Malformed("The XML is nested too deeply".into()));
        }
        let mut node = Self::default();
        for attribute in element.attributes() {
            let value = Self { text: attribute.value().to_owned(), children: Vec::new() };
            node.children.push((attribute.name().to_owned(), value));
        }
        for child in element.children() {
            if child.is_element() {
                node.children.push((child.tag_name().name().to_owned(), Self::from_element(child, depth + 1)?));
            } else if let Some(text) = child.text() {
                node.text.push_str(text);
            }
        }
        Ok(node)
    }

    /// Parses form parameters, whose names are paths: `Tags.member.1.Key=a`.
    pub fn from_query(form: &[u8]) -> Result<Self, ReadError> {
        let mut sown = Sown::default();
        for (name, value) in form_urlencoded::parse(form) {
            let mut at = 0;
            for (depth, step) in name.split('.').enumerate() {
                at = sown.child(at, step);
                if depth > super::DEPTH_MAX || sown.nodes.len() > NODES_MAX {
                    return Err(ReadError::Malformed("Too many parameters".into()));
                }
            }
            if let Some((_, _, node)) = sown.nodes.get_mut(at) {
                node.text = value.into_owned();
            }
        }
        Ok(sown.grown())
    }

    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    fn children_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |(known, _)| known == name).map(|(_, node)| node)
    }

    /// Children named 1, 2, 3, ... in the order of the numbers.
    fn numbered(&self) -> Vec<&Self> {
        let mut found: Vec<(usize, &Self)> =
            self.children.iter().filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
        found.sort_by_key(|(number, _)| *number);
        found.into_iter().map(|(_, node)| node).collect()
    }
}

/// A tree in the making: nodes with their parents and names, found by parent and name, as the parameters may be very many.
struct Sown {
    nodes: Vec<(usize, String, Node)>,
    known: HashMap<(usize, String), usize>,
}

impl Default for Sown {
    fn default() -> Self {
        Self { nodes: vec![(0, String::new(), Node::default())], known: HashMap::new() }
    }
}

impl Sown {
    fn child(&mut self, parent: usize, name: &str) -> usize {
        *self.known.entry((parent, name.to_owned())).or_insert_with(|| {
            self.nodes.push((parent, name.to_owned(), Node::default()));
            self.nodes.len() - 1
        })
    }

    /// The root. Children come after their parents, so from the end each node is complete when it moves into its parent.
    fn grown(mut self) -> Node {
        loop {
            let Some((parent, name, mut node)) = self.nodes.pop() else { return Node::default() };
            node.children.reverse();
            match self.nodes.get_mut(parent) {
                Some((_, _, above)) => above.children.push((name, node)),
                None => return node,
            }
        }
    }
}

/// Reads values from nodes; a flattened list of XML is several nodes of one name.
pub struct TreeReader<'a> {
    nodes: Vec<&'a Node>,
    style: TreeStyle,
    pub track: Track,
}

impl<'a> TreeReader<'a> {
    pub fn new(node: &'a Node, style: TreeStyle) -> Self {
        Self { nodes: vec![node], style, track: Track::default() }
    }

    /// Reads the members of one structure and notes in `seen` which were there; what is required is the caller's to check.
    pub fn members(&mut self, into: &mut dyn Structure, seen: &mut Seen) -> Result<(), ReadError> {
        let facts = into.facts();
        let Some(node) = self.nodes.first().copied() else { return Ok(()) };
        self.refuse(facts, node)?;
        let in_body = |m: &&(usize, &'static Member)| m.1.location == Location::Body;
        let members: Vec<(usize, &'static Member)> = facts.members.iter().enumerate().collect();
        for (index, member) in members.iter().filter(in_body) {
            let found: Vec<&Node> = node.children_of(member.wire_name).collect();
            let Some(value) = into.member_mut(*index).filter(|_| !found.is_empty()) else { continue };
            self.track.enter(Step::Member(member.name));
            too_deep(&self.track)?;
            let outer = std::mem::replace(&mut self.nodes, found);
            value.read(self, member.schema)?;
            self.nodes = outer;
            self.track.leave();
            seen.add(*index);
        }
        Ok(())
    }

    fn refuse(&self, facts: &'static StructureFacts, node: &Node) -> Result<(), ReadError> {
        let found = facts.refused.iter().find(|m| m.location == Location::Body && node.child(m.wire_name).is_some());
        found.map_or(Ok(()), |member| Err(refused(&self.track, member)))
    }

    fn text(&self) -> Result<TextReader<'a>, ReadError> {
        let node = self.nodes.first().copied().ok_or_else(|| ReadError::Malformed("A value is missing".into()))?;
        if !node.children.is_empty() && node.text.trim().is_empty() {
            return Err(ReadError::Malformed("A structure was found where a value was expected".into()));
        }
        Ok(TextReader { values: vec![&node.text], timestamp_default: TimestampFormat::Iso8601, items: Items::Whole })
    }

    fn with(
        &mut self,
        node: &'a Node,
        step: Step,
        read: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        self.track.enter(step);
        too_deep(&self.track)?;
        let outer = std::mem::replace(&mut self.nodes, vec![node]);
        read(self)?;
        self.nodes = outer;
        self.track.leave();
        Ok(())
    }
}

impl Reader for TreeReader<'_> {
    fn structure(&mut self, into: &mut dyn Structure) -> Result<(), ReadError> {
        let mut seen = Seen::default();
        self.members(into, &mut seen)?;
        self.track.missing(into.facts(), &seen);
        Ok(())
    }

    fn list(
        &mut self,
        schema: &'static Schema,
        item: &mut dyn FnMut(&mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Kind::List { item_name, flattened, .. } = &schema.kind else { return Ok(()) };
        let nodes = self.nodes.clone();
        let first = nodes.first().copied();
        let items: Vec<_> = match (self.style, flattened) {
            (TreeStyle::Xml, true) => nodes,
            (TreeStyle::Xml, false) => nodes.iter().flat_map(|n| n.children_of(item_name)).collect(),
            (TreeStyle::Query, true) => first.map(Node::numbered).unwrap_or_default(),
            (TreeStyle::Query, false) => first.and_then(|n| n.child(item_name)).map(Node::numbered).unwrap_or_default(),
        };
        for (index, node) in items.into_iter().enumerate() {
            self.with(node, Step::Item(index + 1), item)?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        schema: &'static Schema,
        entry: &mut dyn FnMut(String, &mut dyn Reader) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let Kind::Map { key_name, value_name, flattened, .. } = &schema.kind else { return Ok(()) };
        let nodes = self.nodes.clone();
        let first = nodes.first().copied();
        let entries: Vec<_> = match (self.style, flattened) {
            (TreeStyle::Xml, true) => nodes,
            (TreeStyle::Xml, false) => nodes.iter().flat_map(|n| n.children_of("entry")).collect(),
            (TreeStyle::Query, true) => first.map(Node::numbered).unwrap_or_default(),
            (TreeStyle::Query, false) => first.and_then(|n| n.child("entry")).map(Node::numbered).unwrap_or_default(),
        };
        for node in entries {
            let key = node.child(key_name).map(|n| n.text.clone()).unwrap_or_default();
            let Some(value) = node.child(value_name) else { continue };
            self.with(value, Step::entry(&key), &mut |reader| entry(key.clone(), reader))?;
        }
        Ok(())
    }

    fn boolean(&mut self) -> Result<bool, ReadError> {
        self.text()?.boolean()
    }
    fn integer(&mut self) -> Result<i64, ReadError> {
        self.text()?.integer()
    }
    fn double(&mut self) -> Result<f64, ReadError> {
        self.text()?.double()
    }
    fn string(&mut self) -> Result<String, ReadError> {
        self.text()?.string()
    }
    fn blob(&mut self) -> Result<Bytes, ReadError> {
        self.text()?.blob()
    }
    fn timestamp(&mut self, schema: &'static Schema) -> Result<Timestamp, ReadError> {
        self.text()?.timestamp(schema)
    }
    fn document(&mut self) -> Result<Value, ReadError> {
        self.text()?.document()
    }
}
