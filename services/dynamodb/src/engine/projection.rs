//! ProjectionExpression, compiled; also what ReturnValues UPDATED_OLD and UPDATED_NEW are made with.

use std::collections::BTreeMap;

use crate::{
    engine::{
        error::{ExpressionError, ExpressionKind, Problem},
        parser,
        path::{Clash, Path, Step},
        placeholders::Placeholders,
        screen,
    },
    model::{AttributeValue, Item, KeySchema},
};

/// The parts of an item that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection(BTreeMap<String, Want>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Want {
    All,
    Parts(BTreeMap<Step, Want>),
}

impl Projection {
    /// Parses and checks a projection.
    pub fn parse(text: &str, placeholders: &mut Placeholders) -> Result<Self, ExpressionError> {
        compile(text, placeholders)
            .map(|paths| Self::of(&paths))
            .map_err(|problem| ExpressionError::Invalid(ExpressionKind::Projection, problem))
    }

    /// Of paths that do not clash.
    pub fn of(paths: &[Path]) -> Self {
        let mut wanted = BTreeMap::new();
        for path in paths {
            let root = wanted.entry(path.root.clone()).or_insert_with(|| Want::Parts(BTreeMap::new()));
            let mut node = root;
            for step in &path.steps {
                node = match node {
                    Want::All => break,
                    Want::Parts(parts) => parts.entry(step.clone()).or_insert_with(|| Want::Parts(BTreeMap::new())),
                };
            }
            *node = Want::All;
        }
        Self(wanted)
    }

    /// Those parts of the item that exist. Elements of a list close up.
    pub fn project(&self, item: &Item) -> Item {
        self.0.iter().filter_map(|(name, want)| Some((name.clone(), copy(item.get(name)?, want)?))).collect()
    }

    /// The top-level attributes that it starts from.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The top-level attributes that a path in it goes into.
    pub fn nested_roots(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, want)| **want != Want::All).map(|(name, _)| name.as_str())
    }

    /// Refuses a path that goes into a key attribute.
    pub fn check_key_paths(&self, schema: &KeySchema) -> Result<(), ExpressionError> {
        let inside = self.0.iter().find(|(name, want)| **want != Want::All && schema.contains(name));
        inside.map_or(Ok(()), |(name, _)| Err(ExpressionError::KeyNotScalar(name.clone())))
    }
}

fn compile(text: &str, placeholders: &mut Placeholders) -> Result<Vec<Path>, Problem> {
    let raw = parser::projection(text)?;
    raw.iter().try_for_each(screen::path)?;
    let paths = raw.iter().map(|path| placeholders.path(path)).collect::<Result<Vec<_>, _>>()?;
    check_clashes(&paths)?;
    Ok(paths)
}

/// Refuses paths that overlap, or else that conflict.
pub(super) fn check_clashes(paths: &[Path]) -> Result<(), Problem> {
    let mut conflict = None;
    for (at, path) in paths.iter().enumerate() {
        for before in paths.iter().take(at) {
            match before.clash(path) {
                Some(Clash::Overlap) => return Err(Problem::PathsOverlap(before.to_string(), path.to_string())),
                Some(Clash::Conflict) if conflict.is_none() => conflict = Some((before, path)),
                _ => (),
            }
        }
    }
    conflict.map_or(Ok(()), |(one, two)| Err(Problem::PathsConflict(one.to_string(), two.to_string())))
}

fn copy(value: &AttributeValue, want: &Want) -> Option<AttributeValue> {
    let Want::Parts(parts) = want else { return Some(value.clone()) };
    match value {
        AttributeValue::M(map) => {
            let found: BTreeMap<_, _> = parts
                .iter()
                .filter_map(|(step, want)| match step {
                    Step::Key(key) => Some((key.clone(), copy(map.get(key)?, want)?)),
                    Step::Index(_) => None,
                })
                .collect();
            (!found.is_empty()).then_some(AttributeValue::M(found))
        }
        AttributeValue::L(list) => {
            let found: Vec<_> = parts
                .iter()
                .filter_map(|(step, want)| match step {
                    Step::Index(index) => copy(list.get(*index)?, want),
                    Step::Key(_) => None,
                })
                .collect();
            (!found.is_empty()).then_some(AttributeValue::L(found))
        }
        _ => None,
    }
}
