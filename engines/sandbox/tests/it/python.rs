//! Python functions: answers, context, log lines, error documents.

use std::sync::Arc;

use exec::Ended;

use crate::kit::{Kit, request, text};
use crate::tests;

tests![
    hello,
    context,
    log_lines,
    folders_in_the_handler,
    errors,
    sdk_is_missing,
    text_that_is_not_ascii,
    load_errors,
    sdk_is_picked_up,
    own_sdk,
    own_chance,
    layers,
    variables,
    sizes
];

/// A copy of the SDK in the package comes before the platform's, whatever has been imported ahead.
async fn own_sdk(kit: Arc<Kit>) {
    let sdk = kit.runtime_dir.path().join("sdk-python");
    for (name, text) in
        [("boto3", "import urllib3\nclass session:\n    Session = None\n"), ("urllib3", "whose = 'ours'\n")]
    {
        std::fs::create_dir_all(sdk.join(name)).unwrap();
        std::fs::write(sdk.join(name).join("__init__.py"), text).unwrap();
    }
    let code =
        "import boto3, urllib3\ndef handler(e, c):\n    return [boto3.__file__, urllib3.__file__, urllib3.whose]\n";
    let Some(f) = kit.python(code) else { return };
    let expected =
        "[\"/var/runtime/sdk-python/boto3/__init__.py\", \"/var/runtime/sdk-python/urllib3/__init__.py\", \"ours\"]";
    assert_eq!(text(&kit.once(&f, "0").await.0), expected);
    std::fs::write(f.code.path().join("urllib3.py"), "whose = 'its own'\n").unwrap();
    let expected = "[\"/var/runtime/sdk-python/boto3/__init__.py\", \"/var/task/urllib3.py\", \"its own\"]";
    assert_eq!(text(&kit.once(&f, "0").await.0), expected);
    std::fs::remove_dir_all(sdk).unwrap();
}

/// Packages in layers are found; the function's own come first, and nobody can write there.
async fn layers(kit: Arc<Kit>) {
    let code = r#"
import os, shared
def handler(e, c):
    try:
        open('/opt/x', 'w')
    except OSError as error:
        return [shared.whose, shared.__file__, os.listdir('/opt'), error.strerror]
"#;
    let Some(mut f) = kit.python(code) else { return };
    let _layers = Kit::layers(&mut f, "python/shared.py", "whose = 'layer'\n");
    let expected = r#"["layer", "/opt/python/shared.py", ["python"], "Read-only file system"]"#;
    assert_eq!(text(&kit.once(&f, "0").await.0), expected);
    std::fs::write(f.code.path().join("shared.py"), "whose = 'own'\n").unwrap();
    let expected = r#"["own", "/var/task/shared.py", ["python"], "Read-only file system"]"#;
    assert_eq!(text(&kit.once(&f, "0").await.0), expected);
}

/// Two environments never draw the same, though both may come from one process.
async fn own_chance(kit: Arc<Kit>) {
    let code = "import os, random, uuid, secrets\ndef handler(e, c):\n    \
                return [random.random(), str(uuid.uuid4()), secrets.token_hex(), os.urandom(8).hex()]\n";
    let Some(f) = kit.python(code) else { return };
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let answer = text(&kit.once(&f, "0").await.0);
        let values: Vec<serde_json::Value> = serde_json::from_str(&answer).unwrap();
        drawn.extend(values.iter().map(ToString::to_string));
    }
    assert_eq!(drawn.len(), 12, "{drawn:?}");
}

async fn hello(kit: Arc<Kit>) {
    let code = "def handler(e, c):\n    print('hi')\n    return {'got': e, 'id': c.aws_request_id}\n";
    let Some(f) = kit.python(code) else { return };
    let mut environment = kit.start(&f).await;
    for id in ["a", "b"] {
        let mut lines = Vec::new();
        let outcome = environment.invoke(request(id, "[1]"), &mut lines).await;
        assert_eq!(text(&outcome), format!(r#"{{"got": [1], "id": "{id}"}}"#));
        assert_eq!(lines, ["hi"]);
        assert!(matches!(outcome.ended, Ended::Response(_)));
        assert_eq!(outcome.init.is_some(), id == "a");
        assert!(outcome.memory_max_bytes > 1 << 20, "{outcome:?}");
    }
    assert!(environment.alive());
    assert!(environment.kill().await.memory_max_bytes > 1 << 20);
}

async fn context(kit: Arc<Kit>) {
    let code = r#"
import os
def handler(e, c):
    left = c.get_remaining_time_in_millis()
    return [c.function_name, c.function_version, c.memory_limit_in_mb, c.log_group_name, c.log_stream_name,
            c.invoked_function_arn, 20000 < left <= 30000, c.client_context.custom, c.client_context.client.app_title,
            c.identity.cognito_identity_id, os.environ['_X_AMZN_TRACE_ID'], os.environ['FROM_USER']]
"#;
    let Some(mut f) = kit.python(code) else { return };
    f.deployed.env.insert("FROM_USER".into(), "yes".into());
    let mut environment = kit.start(&f).await;
    let mut invocation = request("r", "{}");
    invocation.client_context = Some(r#"{"custom":{"k":"\u00e9"},"client":{"app_title":"t"}}"#.into());
    invocation.cognito_identity = Some(r#"{"cognitoIdentityId":"i"}"#.into());
    invocation.trace_id = Some("Root=1".into());
    let outcome = environment.invoke(invocation, &mut Vec::new()).await;
    assert_eq!(
        text(&outcome),
        r#"["hello", "$LATEST", "256", "/aws/lambda/hello", "stream", "the-arn", true, {"k": "\u00e9"}, "t", "i", "Root=1", "yes"]"#
    );
}

async fn log_lines(kit: Arc<Kit>) {
    let code = r#"
import logging, sys
logging.getLogger().setLevel(logging.INFO)
def handler(e, c):
    logging.info('by logging\nin two lines')
    logging.debug('not shown')
    sys.stderr.write('by stderr\n')
    sys.stdout.write('no line break')
"#;
    let Some(f) = kit.python(code) else { return };
    let (outcome, mut lines) = kit.once(&f, "1").await;
    assert_eq!(text(&outcome), "null");
    lines.sort();
    let [logged, stderr, unfinished] = lines.as_slice() else { panic!("{lines:?}") };
    let parts: Vec<_> = logged.split('\t').collect();
    assert_eq!((parts[0], parts[2], parts[3]), ("[INFO]", "r-1", "by logging\nin two lines"));
    assert_eq!(parts[1].len(), "2026-11-24T00:25:04.000Z".len());
    assert_eq!((stderr.as_str(), unfinished.as_str()), ("by stderr", "no line break"));
}

async fn folders_in_the_handler(kit: Arc<Kit>) {
    let Some(mut f) = kit.python("def handler(e, c):\n    return 1\n") else { return };
    let folder = f.code.path().join("src/deep");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(f.code.path().join("app.py"), folder.join("app.py")).unwrap();
    f.deployed.handler = "src/deep/app.handler".into();
    assert_eq!(text(&kit.once(&f, "1").await.0), "1");
}

async fn errors(kit: Arc<Kit>) {
    for (code, expected) in [
        (
            "return 1 / 0",
            r#"{"errorMessage": "division by zero", "errorType": "ZeroDivisionError", "requestId": "r-1", "stackTrace": ["  File \"/var/task/app.py\", line 2, in handler\n    return 1 / 0"#,
        ),
        (
            "return {1, 2}",
            r#"{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "r-1", "stackTrace": []}"#,
        ),
    ] {
        let Some(f) = kit.python(&format!("def handler(e, c):\n    {code}\n")) else { return };
        let (outcome, lines) = kit.once(&f, "1").await;
        assert!(text(&outcome).starts_with(expected), "{}", text(&outcome));
        assert!(matches!(outcome.ended, Ended::FunctionError { .. }) && outcome.reusable());
        assert!(lines.iter().any(|line| line.starts_with("[ERROR] ")), "{lines:?}");
    }
}

/// Code that imports the SDK only while it serves is told how to get it, too.
async fn sdk_is_missing(kit: Arc<Kit>) {
    let Some(f) = kit.python("def handler(e, c):\n    import boto3.session\n") else { return };
    let answer = text(&kit.once(&f, "1").await.0);
    assert!(answer.contains("No module named 'boto3'"), "{answer}");
    assert!(answer.contains("clearsky runtimes install sdk-python"), "{answer}");
}

/// From Python 3.12 on, as in Lambda, text is not escaped; what UTF-8 cannot say always is.
async fn text_that_is_not_ascii(kit: Arc<Kit>) {
    let code =
        "import sys\ndef handler(e, c):\n    return '\\ud800' if e else [sys.version_info >= (3, 12), '\u{e9}']\n";
    let Some(f) = kit.python(code) else { return };
    let answer = text(&kit.once(&f, "0").await.0);
    assert!(["[true, \"\u{e9}\"]", r#"[false, "\u00e9"]"#].contains(&answer.as_str()), "{answer}");
    assert_eq!(text(&kit.once(&f, "1").await.0), r#""\ud800""#);
}

async fn load_errors(kit: Arc<Kit>) {
    for (handler, code, error_type, message) in [
        (
            "app.handler",
            "import nothing_like_it",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nothing_like_it'\"",
        ),
        ("gone.handler", "", "Runtime.ImportModuleError", "Unable to import module 'gone': No module named 'gone'\""),
        ("app.other", "", "Runtime.HandlerNotFound", "Handler 'other' missing on module 'app'\""),
        (
            "handler",
            "",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)\"",
        ),
        (
            "app.handler",
            "def (",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app': invalid syntax (app.py, line 1)\"",
        ),
        ("app.handler", "import boto3", "Runtime.ImportModuleError", "clearsky runtimes install sdk-python"),
        ("app.handler", "raise ValueError('at load')", "Runtime.Unknown", "\"at load\""),
    ] {
        let Some(mut f) = kit.python(code) else { return };
        f.deployed.handler = handler.into();
        let (outcome, lines) = kit.once(&f, "1").await;
        let Ended::InitError { error_type: found, payload } = &outcome.ended else { panic!("{outcome:?} {lines:?}") };
        let payload = String::from_utf8_lossy(payload);
        assert_eq!(found, error_type, "{payload}");
        assert!(payload.contains(message), "{payload}");
        assert!(lines.iter().any(|line| line.starts_with("[ERROR] ")), "{lines:?}");
        assert!(!outcome.reusable());
    }
}

/// An SDK that is put into the runtime folder while the server runs is there for the next start.
async fn sdk_is_picked_up(kit: Arc<Kit>) {
    let Some(f) = kit.python("import a_late_sdk\ndef handler(e, c):\n    return a_late_sdk.VALUE\n") else { return };
    assert!(matches!(kit.once(&f, "1").await.0.ended, Ended::InitError { .. }));
    let sdk = kit.runtime_dir.path().join("sdk-python");
    std::fs::create_dir_all(&sdk).unwrap();
    std::fs::write(sdk.join("a_late_sdk.py"), "VALUE = 'here'").unwrap();
    assert_eq!(text(&kit.once(&f, "1").await.0), r#""here""#);
}

/// A function sees AWS's variables and its own, and none of the server's; LC_CTYPE is Python's own doing.
async fn variables(kit: Arc<Kit>) {
    let Some(names) = kit.evaluate("result = ' '.join(sorted(os.environ))").await else { return };
    assert_eq!(
        names,
        "\"AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME \
         AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME \
         AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API AWS_REGION LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT LANG LC_CTYPE \
         LD_LIBRARY_PATH PATH PYTHONPATH TZ _HANDLER\""
    );
}

async fn sizes(kit: Arc<Kit>) {
    let Some(f) = kit.python("def handler(e, c):\n    return 'x' * e\n") else { return };
    let mut environment = kit.start(&f).await;
    let largest = 6 * 1024 * 1024 + 100 - 2;
    let outcome = environment.invoke(request("r-1", &largest.to_string()), &mut Vec::new()).await;
    assert_eq!(text(&outcome).len(), largest + 2);
    let outcome = environment.invoke(request("r-1", &(largest + 1).to_string()), &mut Vec::new()).await;
    assert_eq!(
        text(&outcome),
        r#"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}"#
    );
    let outcome = environment.invoke(request("r-1", "1"), &mut Vec::new()).await;
    assert_eq!(text(&outcome), r#""x""#);
}
