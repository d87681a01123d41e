//! The vectors that are out of scope, each with its reason.

/// Why a vector is not judged; `None` for one that is.
pub fn reason(file: &str, id: &str) -> Option<&'static str> {
    let listed = |(_, vectors): &&(&str, &[(&str, &str)])| vectors.contains(&(file, id));
    LISTED.iter().find(listed).map(|(reason, _)| *reason)
}

const LISTED: &[(&str, &[(&str, &str)])] = &[
    (
        "The vector carries no body: what the SDK compresses is left out of it.",
        &[
            ("input/json", "SDKAppliedContentEncoding_awsJson1_1"),
            ("input/json", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1"),
            ("input/json_1_0", "SDKAppliedContentEncoding_awsJson1_0"),
            ("input/json_1_0", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0"),
            ("input/query", "SDKAppliedContentEncoding_awsQuery"),
            ("input/query", "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery"),
            ("input/rest-json", "SDKAppliedContentEncoding_restJson1"),
            ("input/rest-json", "SDKAppendedGzipAfterProvidedEncoding_restJson1"),
            ("input/rest-xml", "SDKAppliedContentEncoding_restXml"),
            ("input/rest-xml", "SDKAppendedGzipAfterProvidedEncoding_restXml"),
        ],
    ),
    (
        "The client makes up a token that the parameters do not have.",
        &[
            ("input/query", "QueryProtocolIdempotencyTokenAutoFill"),
            ("input/rest-json", "RestJsonQueryIdempotencyTokenAutoFill"),
            ("input/rest-xml", "QueryIdempotencyTokenAutoFill"),
        ],
    ),
    (
        "The client was given an endpoint with a path; our services are at the root.",
        &[("input/rest-json", "RestJsonHostWithPath")],
    ),
    (
        "JSON in a header, wrapped in base64: the vector has it unparsed. botocore leaves it out too.",
        &[("input/rest-json", "MediaTypeHeaderInputBase64"), ("output/rest-json", "MediaTypeHeaderOutputBase64")],
    ),
    (
        "A server cannot know which of the parameters a client had in its map: it gets them all.",
        &[
            ("input/rest-json", "RestJsonQueryParamsStringListMap"),
            ("input/rest-json", "RestJsonQueryPrecedence"),
            ("input/rest-xml", "RestXmlQueryParamsStringListMap"),
            ("input/rest-xml", "RestXmlQueryPrecedence"),
        ],
    ),
    (
        "The client sends an empty structure for one that is not there.",
        &[
            ("input/rest-json", "RestJsonHttpWithEmptyStructurePayload"),
            ("input/rest-json", "RestJsonHttpWithHeadersButNoPayload"),
        ],
    ),
    (
        "Another offset of the same time: we write UTC.",
        &[
            ("output/json", "AwsJson11DateTimeWithNegativeOffset"),
            ("output/json", "AwsJson11DateTimeWithPositiveOffset"),
            ("output/query", "AwsQueryDateTimeWithNegativeOffset"),
            ("output/query", "AwsQueryDateTimeWithPositiveOffset"),
            ("output/rest-json", "RestJsonDateTimeWithNegativeOffset"),
            ("output/rest-json", "RestJsonDateTimeWithPositiveOffset"),
            ("output/rest-xml", "RestXmlDateTimeWithNegativeOffset"),
            ("output/rest-xml", "RestXmlDateTimeWithPositiveOffset"),
        ],
    ),
    (
        "Members that the model does not have, for the client's parser to skip.",
        &[
            ("output/smithy-rpc-v2-cbor", "RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients"),
            ("output/smithy-rpc-v2-cbor", "RpcV2CborPayloadWithUnsetUnion"),
            ("output/json", "handles_unexpected_json_output"),
            ("output/json", "AwsJson11DeserializeIgnoreType"),
            ("output/json_1_0", "AwsJson10DeserializeIgnoreType"),
            ("output/json_1_0", "AwsJson10HandlesUnexpectedJsonOutput"),
            ("output/rest-json", "RestJsonDeserializeIgnoreType"),
            ("output/rest-xml", "InvalidGreetingError"),
            ("output/rest-xml", "ComplexError"),
        ],
    ),
    (
        "Nulls, for the client's parser to skip: we leave out what is not there.",
        &[
            ("output/smithy-rpc-v2-cbor", "RpcV2CborDeserializesDenseSetMapAndSkipsNull"),
            ("output/smithy-rpc-v2-cbor", "RpcV2CborClientDoesntDeserializeNullStructureValues"),
            ("output/json", "AwsJson11StructuresDontDeserializeNullValues"),
            ("output/json_1_0", "AwsJson10DeserializeAllowNulls"),
            ("output/rest-json", "RestJsonDeserializesDenseSetMapAndSkipsNull"),
            ("output/rest-json", "RestJsonDoesntDeserializeNullStructureValues"),
        ],
    ),
    (
        "Other spellings of an error's type that clients bear with. AWS writes `__type` (awsJson) or `x-amzn-errortype` (restJson).",
        &[
            ("output/json", "AwsJson11FooErrorUsingXAmznErrorType"),
            ("output/json", "AwsJson11FooErrorUsingXAmznErrorTypeWithUri"),
            ("output/json", "AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace"),
            ("output/json", "AwsJson11FooErrorUsingCode"),
            ("output/json", "AwsJson11FooErrorUsingCodeAndNamespace"),
            ("output/json", "AwsJson11FooErrorUsingCodeUriAndNamespace"),
            ("output/json", "AwsJson11FooErrorWithDunderTypeUriAndNamespace"),
            ("output/json_1_0", "AwsJson10FooErrorUsingXAmznErrorType"),
            ("output/json_1_0", "AwsJson10FooErrorUsingXAmznErrorTypeWithUri"),
            ("output/json_1_0", "AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace"),
            ("output/json_1_0", "AwsJson10FooErrorUsingCode"),
            ("output/json_1_0", "AwsJson10FooErrorUsingCodeAndNamespace"),
            ("output/json_1_0", "AwsJson10FooErrorUsingCodeUriAndNamespace"),
            ("output/json_1_0", "AwsJson10FooErrorWithDunderTypeUriAndNamespace"),
            ("output/rest-json", "RestJsonFooErrorUsingXAmznErrorTypeWithUri"),
            ("output/rest-json", "RestJsonFooErrorUsingXAmznErrorTypeWithUriAndNamespace"),
            ("output/rest-json", "RestJsonFooErrorUsingCode"),
            ("output/rest-json", "RestJsonFooErrorUsingCodeAndNamespace"),
            ("output/rest-json", "RestJsonFooErrorUsingCodeUriAndNamespace"),
            ("output/rest-json", "RestJsonFooErrorWithDunderType"),
            ("output/rest-json", "RestJsonFooErrorWithDunderTypeAndNamespace"),
            ("output/rest-json", "RestJsonFooErrorWithDunderTypeUriAndNamespace"),
        ],
    ),
];
