//! Values: how they are kept, and how they are shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use service::Cx;

use crate::errors::Error;
use crate::model::{Kind, Version};
use crate::names::{Name, Selector};
use crate::wire::Parameter;

/// The key that SecureStrings are encrypted with. It is the server's own, in the data directory; there is no other.
pub(crate) const KEY_ID: &str = "alias/aws/ssm";

/// What values are kept with: text, as there are no other data types here.
pub(crate) const DATA_TYPE: &str = "text";

/// Whether a SecureString is shown as it was put, or as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decryption {
    Wanted,
    Not,
}

impl Decryption {
    pub(crate) fn of(with_decryption: Option<bool>) -> Self {
        if with_decryption == Some(true) { Self::Wanted } else { Self::Not }
    }
}

/// A value as it is kept: a SecureString encrypted, for this parameter only.
pub(crate) fn kept(cx: &Cx, name: &Name, kind: Kind, value: &str) -> String {
    match kind {
        Kind::String | Kind::StringList => value.to_owned(),
        Kind::SecureString => {
            let platform = &cx.platform;
            STANDARD.encode(platform.seal.seal_bytes(&platform.ids, &purpose(cx, name), value.as_bytes()))
        }
    }
}

/// A version's value as an answer shows it.
pub(crate) fn shown(cx: &Cx, name: &Name, version: &Version, decryption: Decryption) -> Result<String, Error> {
    if version.kind != Kind::SecureString || decryption == Decryption::Not {
        return Ok(version.value.clone());
    }
    let sealed = STANDARD.decode(&version.value).map_err(|_| Error::InvalidKeyId)?;
    let plain = cx.platform.seal.open_bytes(&purpose(cx, name), &sealed).map_err(|_| Error::InvalidKeyId)?;
    String::from_utf8(plain).map_err(|_| Error::InvalidKeyId)
}

/// What binds an encrypted value to its parameter: copied to another one it does not open.
fn purpose(cx: &Cx, name: &Name) -> String {
    format!("ssm:{}", name.arn(&cx.scope))
}

/// A version as the reading operations answer it, under the name that the request used.
pub(crate) fn answer(
    cx: &Cx,
    name: (&Name, &str),
    version: &Version,
    selector: &Selector,
    decryption: Decryption,
) -> Result<Parameter, Error> {
    let (name, written) = name;
    Ok(Parameter {
        name: Some(written.to_owned()),
        r#type: Some(version.kind.as_str().into()),
        value: Some(shown(cx, name, version, decryption)?),
        version: Some(number(version.number)),
        selector: selector.shown(),
        last_modified_date: Some(version.modified),
        arn: Some(name.arn(&cx.scope).to_string()),
        data_type: Some(DATA_TYPE.into()),
    })
}

/// The key's id, of what is encrypted.
pub(crate) fn key_id(version: &Version) -> Option<String> {
    (version.kind == Kind::SecureString).then(|| KEY_ID.into())
}

/// A version's number as the wire has it.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
