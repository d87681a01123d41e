//! What is asked: the requests of each kind.

use base::Ids;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sigv4::PayloadMode;

use crate::client::Call;

pub const BIG_BYTES: usize = 50 * 1024 * 1024;
const SMALL_BYTES: usize = 4 * 1024;
/// Items that a client reads and overwrites.
const ITEMS_PER_CLIENT: u64 = 200;
pub const CLIENTS_MAX: usize = 64;
/// What Query finds.
pub const QUERIED: usize = 20;
/// Names of everything that a run makes.
#[derive(Debug, Clone)]
pub struct Names {
    pub table: String,
    pub bucket: String,
    pub role: String,
    pub function: String,
}

impl Names {
    pub fn new() -> Self {
        let name = format!("clearsky-bench-{}", Ids::system().lower(8));
        Self { table: name.clone(), bucket: name.clone(), role: name.clone(), function: name }
    }
}

pub fn dynamodb(operation: &str, body: &Value) -> Call {
    let headers = vec![
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-target", format!("DynamoDB_20120810.{operation}")),
    ];
    let (method, target, body) = (Method::POST, "/".to_owned(), Bytes::from(body.to_string()));
    Call { service: "dynamodb", method, target, headers, body, payload: None }
}

fn padding() -> String {
    "x".repeat(900)
}

fn item_key(client: usize, n: u64) -> String {
    format!("c{client:02}-{:04}", n % ITEMS_PER_CLIENT)
}

/// An item of about 1 KB.
pub fn item(pk: &str, sk: &str) -> Value {
    json!({
        "pk": {"S": pk}, "sk": {"S": sk}, "count": {"N": "42"}, "flag": {"BOOL": true},
        "tags": {"SS": ["a", "b"]}, "text": {"S": padding()},
    })
}

impl Names {
    pub fn put_item(&self, client: usize, n: u64) -> Call {
        dynamodb("PutItem", &json!({"TableName": self.table, "Item": item(&item_key(client, n), "0")}))
    }

    /// Of a key that nobody has written.
    pub fn put_item_if_absent(&self, crowd: &str, client: usize, n: u64) -> Call {
        let item = item(&format!("new-{crowd}-{client}-{n}"), "0");
        let condition = "attribute_not_exists(pk)";
        dynamodb("PutItem", &json!({"TableName": self.table, "Item": item, "ConditionExpression": condition}))
    }

    pub fn get_item(&self, client: usize, n: u64) -> Call {
        let key = json!({"pk": {"S": item_key(client, n)}, "sk": {"S": "0"}});
        dynamodb("GetItem", &json!({"TableName": self.table, "Key": key}))
    }

    pub fn query(&self) -> Call {
        dynamodb(
            "Query",
            &json!({
                "TableName": self.table, "KeyConditionExpression": "pk = :pk",
                "ExpressionAttributeValues": {":pk": {"S": "queried"}}, "Limit": QUERIED,
            }),
        )
    }

    fn object(&self, method: Method, name: &str, body: Bytes, payload: Option<PayloadMode>) -> Call {
        let target = format!("/{}/{name}", self.bucket);
        Call { service: "s3", method, target, headers: Vec::new(), body, payload }
    }

    pub fn put_small(&self, client: usize) -> Call {
        self.object(Method::PUT, &format!("small-{client}"), Bytes::from(vec![b'x'; SMALL_BYTES]), None)
    }

    pub fn get_small(&self, client: usize) -> Call {
        self.object(Method::GET, &format!("small-{client}"), Bytes::new(), None)
    }

    pub fn put_big(&self, body: &Bytes, payload: PayloadMode) -> Call {
        self.object(Method::PUT, "big", body.clone(), Some(payload))
    }

    pub fn get_big(&self) -> Call {
        self.object(Method::GET, "big", Bytes::new(), None)
    }

    pub fn invoke(&self, function: &str) -> Call {
        let target = format!("/2015-03-31/functions/{function}/invocations");
        let headers = vec![("content-type", "application/json".to_owned())];
        let body = Bytes::from_static(b"{\"key\":\"value\"}");
        Call { service: "lambda", method: Method::POST, target, headers, body, payload: None }
    }
}

/// The 50 MB that are put, and their hash.
pub fn big() -> (Bytes, PayloadMode) {
    let body: Vec<u8> = (0..BIG_BYTES).map(|n| (n % 251) as u8).collect();
    let hash = hex::encode(Sha256::digest(&body));
    (Bytes::from(body), PayloadMode::Signed(hash))
}
