//! Signature Version 4 (and presigned Version 2): verify, sign, presign, and decode aws-chunked bodies. No I/O.
//!
//! # What each error becomes on the wire
//!
//! Errors are neutral; the edge gives them the code of the protocol that the request speaks. The texts of the
//! general column come from [`SigError`]'s `Display`, those of S3 from [`SigError::s3_message`].
//!
//! | `SigError` | S3 | awsJson, rpcv2 (DynamoDB answers 400) | restJson | query |
//! |---|---|---|---|---|
//! | `MissingToken` | `AccessDenied` 403 | `MissingAuthenticationTokenException` 400 | `MissingAuthenticationTokenException` 403 | `MissingAuthenticationToken` 403 |
//! | `Incomplete` | `AuthorizationHeaderMalformed` 400 | `IncompleteSignatureException` 400 | `IncompleteSignatureException` 403 | `IncompleteSignature` 400 |
//! | `Incomplete` for want of a date | `AccessDenied` 403 | as above | as above | as above |
//! | `BadDate` | `AccessDenied` 403 | as above | as above | as above |
//! | `Incomplete` of a foreign scheme | `InvalidArgument` 400 | as above | as above | as above |
//! | `Malformed` in the header | `AuthorizationHeaderMalformed` 400 | `IncompleteSignatureException` 400 | `IncompleteSignatureException` 403 | `IncompleteSignature` 400 |
//! | `Malformed` in the query | `AuthorizationQueryParametersError` 400 | as above | as above | as above |
//! | `UnknownKey` | `InvalidAccessKeyId` 403 | `UnrecognizedClientException` 400 | `UnrecognizedClientException` 403 | `InvalidClientTokenId` 403 |
//! | `InvalidToken` | `InvalidToken` 400 | `UnrecognizedClientException` 400 | `UnrecognizedClientException` 403 | `InvalidClientTokenId` 403 |
//! | `ExpiredToken` | `ExpiredToken` 400 | `ExpiredTokenException` 400 | `ExpiredTokenException` 403 | `ExpiredToken` 403 |
//! | `Mismatch` | `SignatureDoesNotMatch` 403 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 |
//! | `NotSigned` | `AccessDenied` 403 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 |
//! | `Scope` in the header | `AuthorizationHeaderMalformed` 400 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 |
//! | `Scope` in the query | `AuthorizationQueryParametersError` 400 | as above | as above | as above |
//! | `Skewed` | `RequestTimeTooSkewed` 403 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 (SQS, EC2: `RequestExpired`) |
//! | `Expired`, `NotYetValid` | `AccessDenied` 403 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 |
//! | `Unsupported` | `InvalidRequest` 400 | `IncompleteSignatureException` 400 | `IncompleteSignatureException` 403 | `IncompleteSignature` 400 |
//! | `SeveralMechanisms` | `InvalidArgument` 400 | `IncompleteSignatureException` 400 | `IncompleteSignatureException` 403 | `IncompleteSignature` 400 |
//! | `MissingPayloadHash` | `InvalidRequest` 400 | never | never | never |
//! | `BadPayloadHash` | `InvalidArgument` 400 | never | never | never |
//! | `PayloadMismatch` | `XAmzContentSHA256Mismatch` 400 | `InvalidSignatureException` 400 | `InvalidSignatureException` 403 | `SignatureDoesNotMatch` 403 |
//!
//! [`SigError::code`] and [`SigError::status`] are this table as code. [`ChunkError`] only arises in S3 bodies:
//! `Signature` is `SignatureDoesNotMatch` 403, `Truncated` and the length errors are `IncompleteBody` 400, the rest
//! `InvalidRequest` 400.

mod canonical;
mod chunk;
mod decoder;
mod details;
mod encode;
mod error;
mod key;
mod presented;
mod sign;
mod v2;
mod verify;
mod view;

pub use canonical::{Dialect, PathRule, PayloadRule, RequiredHeaders, Versions};
pub use chunk::ChunkSigner;
pub use decoder::{AwsChunked, ChunkError, Framing, Step, Trailers};
pub use error::{Family, Mismatch, Missing, Place, ScopeFault, SigError};
pub use key::SigningKey;
pub use presented::{CredentialScope, PayloadMode, Presented};
pub use sign::{Credentials, SignPayload, Signed, Signer, presign_v2};
pub use verify::Verified;
pub use view::{Payload, RequestView};
