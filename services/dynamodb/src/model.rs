//! Attribute values, items, key schemas, and table records: DynamoDB's words, pure.

use std::collections::{BTreeMap, BTreeSet};

use base::Timestamp;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::engine::number::{Number, NumberError};

/// An item may have 400 KB, names included (docs).
pub const ITEM_BYTES_MAX: usize = 400 * 1024;
/// A partition key value may have 2048 bytes (docs).
pub const HASH_KEY_BYTES_MAX: usize = 2048;
/// A sort key value may have 1024 bytes (docs).
pub const RANGE_KEY_BYTES_MAX: usize = 1024;
/// Levels that a value may nest (docs).
pub const NESTING_MAX: usize = 32;

/// What lies in a table under one key: attribute names to values.
pub type Item = BTreeMap<String, AttributeValue>;

/// One value. Sets are kept sorted, so equality never depends on the order they came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AttributeValue {
    S(String),
    N(Number),
    B(Bytes),
    Bool(bool),
    #[default]
    Null,
    L(Vec<AttributeValue>),
    M(BTreeMap<String, AttributeValue>),
    Ss(BTreeSet<String>),
    Ns(BTreeSet<Number>),
    Bs(BTreeSet<Bytes>),
}

/// Why a value is refused; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error("One or more parameter values were invalid: An {0} set  may not be empty")]
    EmptySet(&'static str),
    #[error("One or more parameter values were invalid: Binary sets should not be empty")]
    EmptyBinarySet,
    #[error("One or more parameter values were invalid: Input collection [{0}] contains duplicates.")]
    DuplicateStrings(String),
    #[error("Input collection contains duplicates")]
    DuplicateNumbers,
    #[error("One or more parameter values were invalid: Input collection [{0}]of type BS contains duplicates.")]
    DuplicateBinaries(String),
    #[error(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
    )]
    Nesting,
    #[error("One or more parameter values were invalid: Null attribute value types must have the value of true")]
    NullFalse,
    #[error("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")]
    NoType,
    #[error(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
    )]
    ManyTypes,
}

impl AttributeValue {
    /// A number from its text.
    pub fn number(text: &str) -> Result<Self, ValueError> {
        Ok(Self::N(text.parse()?))
    }

    /// A string set: not empty, no member twice; a member may be the empty text (docs).
    pub fn string_set(members: Vec<String>) -> Result<Self, ValueError> {
        if members.is_empty() {
            return Err(ValueError::EmptySet("string"));
        }
        let set: BTreeSet<String> = members.iter().cloned().collect();
        if set.len() < members.len() {
            return Err(ValueError::DuplicateStrings(members.join(", ")));
        }
        Ok(Self::Ss(set))
    }

    /// A number set: not empty, no number twice in whatever notation.
    pub fn number_set<T: AsRef<str>>(members: &[T]) -> Result<Self, ValueError> {
        if members.is_empty() {
            return Err(ValueError::EmptySet("number"));
        }
        let set: BTreeSet<Number> = members.iter().map(|m| m.as_ref().parse()).collect::<Result<_, _>>()?;
        if set.len() < members.len() { Err(ValueError::DuplicateNumbers) } else { Ok(Self::Ns(set)) }
    }

    /// A binary set: not empty, no member twice; a member may be empty (docs).
    pub fn binary_set(members: Vec<Bytes>) -> Result<Self, ValueError> {
        if members.is_empty() {
            return Err(ValueError::EmptyBinarySet);
        }
        let set: BTreeSet<Bytes> = members.iter().cloned().collect();
        if set.len() < members.len() {
            let texts: Vec<String> = members.iter().map(|member| STANDARD.encode(member)).collect();
            return Err(ValueError::DuplicateBinaries(texts.join(", ")));
        }
        Ok(Self::Bs(set))
    }

    /// The type's descriptor as the wire writes it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::S(_) => Kind::S,
            Self::N(_) => Kind::N,
            Self::B(_) => Kind::B,
            Self::Bool(_) => Kind::Bool,
            Self::Null => Kind::Null,
            Self::L(_) => Kind::L,
            Self::M(_) => Kind::M,
            Self::Ss(_) => Kind::Ss,
            Self::Ns(_) => Kind::Ns,
            Self::Bs(_) => Kind::Bs,
        }
    }

    /// Bytes that AWS counts for the value (docs: item sizes).
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number.size_bytes(),
            Self::B(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::L(list) => 3 + list.iter().map(|v| v.size_bytes() + 1).sum::<usize>(),
            Self::M(map) => 3 + map.iter().map(|(k, v)| k.len() + v.size_bytes() + 1).sum::<usize>(),
            Self::Ss(set) => set.iter().map(String::len).sum(),
            Self::Ns(set) => set.iter().map(|n| n.size_bytes()).sum(),
            Self::Bs(set) => set.iter().map(Bytes::len).sum(),
        }
    }

    /// Levels of lists and maps, one for a scalar.
    pub fn depth(&self) -> usize {
        match self {
            Self::L(list) => 1 + list.iter().map(Self::depth).max().unwrap_or(0),
            Self::M(map) => 1 + map.values().map(Self::depth).max().unwrap_or(0),
            _ => 1,
        }
    }
}

/// Bytes that AWS counts for an item: names and values.
pub fn item_size_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size_bytes()).sum()
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    S,
    N,
    B,
    Bool,
    Null,
    L,
    M,
    Ss,
    Ns,
    Bs,
}

impl Kind {
    /// `S`, `BOOL`, `NS`: the wire's descriptor.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
            Self::Bool => "BOOL",
            Self::Null => "NULL",
            Self::L => "L",
            Self::M => "M",
            Self::Ss => "SS",
            Self::Ns => "NS",
            Self::Bs => "BS",
        }
    }

    /// From the wire's descriptor.
    pub fn parse(text: &str) -> Option<Self> {
        let kinds = [Self::S, Self::N, Self::B, Self::Bool, Self::Null, Self::L, Self::M, Self::Ss, Self::Ns, Self::Bs];
        kinds.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The types that a key attribute can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScalarKind {
    S,
    N,
    B,
}

impl ScalarKind {
    /// As a value's type.
    pub fn kind(self) -> Kind {
        match self {
            Self::S => Kind::S,
            Self::N => Kind::N,
            Self::B => Kind::B,
        }
    }
}

/// A key attribute: its name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    pub name: String,
    pub kind: ScalarKind,
}

/// Which attributes are a table's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySchema {
    pub hash: KeyAttribute,
    pub range: Option<KeyAttribute>,
}

impl KeySchema {
    /// Hash, then range.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    /// True for a key attribute's name.
    pub fn contains(&self, name: &str) -> bool {
        self.attributes().any(|key| key.name == name)
    }
}

/// A value that a key can hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue {
    S(String),
    N(Number),
    B(Bytes),
}

impl std::fmt::Display for KeyValue {
    /// As policies write it: text, plain number, or base64.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::S(text) => f.write_str(text),
            Self::N(number) => number.fmt(f),
            Self::B(bytes) => f.write_str(&STANDARD.encode(bytes)),
        }
    }
}

impl From<KeyValue> for AttributeValue {
    fn from(key: KeyValue) -> Self {
        match key {
            KeyValue::S(text) => Self::S(text),
            KeyValue::N(number) => Self::N(number),
            KeyValue::B(bytes) => Self::B(bytes),
        }
    }
}

/// An item's place in its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    pub hash: KeyValue,
    pub range: Option<KeyValue>,
}

/// A table's identity, other than its name: a new table of an old name has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableId(pub [u8; 16]);

impl std::fmt::Display for TableId {
    /// As a UUID, the form `TableId` has in answers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{byte:02x}")?;
        }
        Ok(())
    }
}

/// A table as stored. Changing a field means a new variant and a test that reads the old bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum TableRecord {
    V1(Table),
}

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub id: TableId,
    pub created_at: Timestamp,
    pub status: TableStatus,
    pub key_schema: KeySchema,
    pub billing_mode: BillingMode,
    /// When it became PAY_PER_REQUEST; not kept by earlier versions, whose bytes stay valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_since: Option<Timestamp>,
    pub deletion_protection: DeletionProtection,
    pub tags: BTreeMap<String, String>,
    /// Not kept by earlier versions, whose tables had none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// How many indexes it has ever had: the number of the next one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub indexes_made: u32,
    /// Not kept by earlier versions, whose items stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_live: Option<TimeToLive>,
}

/// Which attribute says when an item expires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeToLive {
    pub attribute: String,
    /// The items in the order of that attribute. No request sees it.
    pub index: Index,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Table {
    /// The index of that name.
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name == name)
    }

    /// Whether a write must know what it replaces, because more than the item's own row follows from it.
    pub fn follows_items(&self) -> bool {
        !self.indexes.is_empty() || self.time_to_live.is_some()
    }

    /// Its indexes, and the one by which items expire.
    pub fn all_indexes(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().chain(self.time_to_live.as_ref().map(|ttl| &ttl.index))
    }
}

/// A secondary index: the items that have its key attributes, in the order of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pub name: String,
    /// What its rows are told apart by. No other index of the table ever has it.
    pub number: u32,
    pub kind: IndexKind,
    pub key_schema: KeySchema,
    pub projected: Projected,
    pub state: IndexState,
}

/// Of what an index is the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexKind {
    /// Of each partition of the table.
    Local,
    /// Of the whole table, with a capacity of its own; nought where the table is paid by request.
    Global { read_units: i64, write_units: i64 },
}

/// Which attributes of its items an index has, beside both keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projected {
    All,
    KeysOnly,
    Include(Vec<String>),
}

/// Whether an index has all its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexState {
    /// Every write is in it, but not yet all that was written before.
    Creating,
    Active,
}

impl Index {
    /// Whether it is a global one.
    pub fn is_global(&self) -> bool {
        matches!(self.kind, IndexKind::Global { .. })
    }

    /// Whether it has this attribute of the items of a table with this key.
    pub fn has(&self, table: &KeySchema, attribute: &str) -> bool {
        let included = match &self.projected {
            Projected::All => true,
            Projected::KeysOnly => false,
            Projected::Include(names) => names.iter().any(|name| name == attribute),
        };
        included || self.key_schema.contains(attribute) || table.contains(attribute)
    }
}

/// What was counted in a table, as stored. Changing a field means a new variant and a test that reads the old bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CountsRecord {
    V1(Counts),
}

/// What a table held when it was last counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub items: u64,
    pub bytes: u64,
}

/// A transaction's ClientRequestToken as stored. Changing a field means a new variant and a test that reads the old bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestTokenRecord {
    V1(RequestToken),
}

/// What is known of a request by its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestToken {
    /// SHA-256 of its actions.
    pub fingerprint: [u8; 32],
    /// From then on the token stands for nothing.
    pub expires_at: Timestamp,
}

/// Where a table is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableStatus {
    Creating,
    Active,
    Updating,
    Deleting,
}

impl TableStatus {
    /// `ACTIVE`: as answers say it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

/// How a table is paid for; kept and returned, never enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillingMode {
    PayPerRequest,
    Provisioned { read_units: i64, write_units: i64 },
}

/// Whether DeleteTable is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeletionProtection {
    Enabled,
    Disabled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stored_by_earlier_versions_are_read() {
        let golden = include_str!("../tests/golden/counts_v1.json").trim_end();
        let counts = CountsRecord::V1(Counts { items: 3, bytes: 70 });
        assert_eq!(serde_json::from_str::<CountsRecord>(golden).unwrap(), counts);
        assert_eq!(serde_json::to_string(&counts).unwrap(), golden);
    }

    #[test]
    fn tokens_stored_by_earlier_versions_are_read() {
        let golden = include_str!("../tests/golden/request_token_v1.json").trim_end();
        let expires_at = Timestamp::from_ms(1_795_478_400_123);
        let token = RequestTokenRecord::V1(RequestToken { fingerprint: [7; 32], expires_at });
        assert_eq!(serde_json::from_str::<RequestTokenRecord>(golden).unwrap(), token);
        assert_eq!(serde_json::to_string(&token).unwrap(), golden);
    }

    #[test]
    fn tables_stored_by_earlier_versions_are_read() {
        let golden = include_str!("../tests/golden/table_v1.json").trim_end();
        let attribute = |name: &str, kind| KeyAttribute { name: name.to_owned(), kind };
        let table = TableRecord::V1(Table {
            name: "album".into(),
            id: TableId([7; 16]),
            created_at: Timestamp::from_ms(1_795_478_400_123),
            status: TableStatus::Active,
            key_schema: KeySchema { hash: attribute("pk", ScalarKind::S), range: Some(attribute("sk", ScalarKind::N)) },
            billing_mode: BillingMode::Provisioned { read_units: 5, write_units: 6 },
            on_demand_since: None,
            deletion_protection: DeletionProtection::Disabled,
            tags: BTreeMap::from([("team".into(), "photos".into())]),
            indexes: Vec::new(),
            indexes_made: 0,
            time_to_live: None,
        });
        assert_eq!(serde_json::from_str::<TableRecord>(golden).unwrap(), table);
        assert_eq!(serde_json::to_string(&table).unwrap(), golden);
    }

    #[test]
    fn tables_stored_with_indexes_are_read() {
        let golden = include_str!("../tests/golden/table_v1_indexes.json").trim_end();
        let TableRecord::V1(before) =
            serde_json::from_str(include_str!("../tests/golden/table_v1.json").trim_end()).unwrap();
        let attribute = |name: &str| KeyAttribute { name: name.to_owned(), kind: ScalarKind::S };
        let index = |name: &str, number, kind, projected, state| Index {
            name: name.to_owned(),
            number,
            kind,
            key_schema: KeySchema { hash: attribute("pk"), range: (number == 0).then(|| attribute("day")) },
            projected,
            state,
        };
        let global = IndexKind::Global { read_units: 1, write_units: 2 };
        let table = TableRecord::V1(Table {
            indexes: vec![
                index("days", 0, IndexKind::Local, Projected::All, IndexState::Active),
                index("all", 1, global, Projected::KeysOnly, IndexState::Active),
                index("some", 3, global, Projected::Include(vec!["a".into()]), IndexState::Creating),
            ],
            indexes_made: 4,
            ..before
        });
        assert_eq!(serde_json::from_str::<TableRecord>(golden).unwrap(), table);
        assert_eq!(serde_json::to_string(&table).unwrap(), golden);
    }

    #[test]
    fn tables_stored_with_a_time_to_live_are_read() {
        let golden = include_str!("../tests/golden/table_v1_expiry.json").trim_end();
        let TableRecord::V1(table) = serde_json::from_str(golden).unwrap();
        let ttl = table.time_to_live.as_ref().unwrap();
        assert_eq!((ttl.attribute.as_str(), ttl.index.number, ttl.index.state), ("until", 4, IndexState::Active));
        assert_eq!(table.all_indexes().map(|index| index.number).collect::<Vec<_>>(), [0, 1, 3, 4]);
        assert_eq!(serde_json::to_string(&TableRecord::V1(table)).unwrap(), golden);
    }
}
