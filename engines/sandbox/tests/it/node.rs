//! Node functions: module kinds, ways to answer, error documents, log lines.

use std::sync::Arc;

use exec::Ended;

use crate::kit::{Kit, request, text};
use crate::tests;

tests![hello, module_kinds, ways_to_answer, errors, load_errors, sdk_is_missing, uncaught, layers];

async fn check(kit: &Kit, file: &str, code: &str, expected: &str) {
    let Some(f) = kit.function("nodejs", file, code) else { return };
    let (outcome, lines) = kit.once(&f, r#"{"n":1}"#).await;
    assert_eq!(text(&outcome), expected, "{file}: {code}\n{outcome:?}\n{lines:?}");
}

async fn hello(kit: Arc<Kit>) {
    let code = "exports.handler = async (e, c) => { console.log('a', {b: 1}); return [e, c.awsRequestId]; }";
    let Some(mut f) = kit.function("nodejs", "app.js", code) else { return };
    f.deployed.memory_mb = 128;
    let mut environment = kit.start(&f).await;
    for id in ["a", "b"] {
        let mut lines = Vec::new();
        let outcome = environment.invoke(request(id, "2"), &mut lines).await;
        assert_eq!(text(&outcome), format!(r#"[2,"{id}"]"#), "{lines:?}");
        let line = lines.first().unwrap();
        assert_eq!(line.split('\t').skip(1).collect::<Vec<_>>(), [id, "INFO", "a { b: 1 }"]);
        assert_eq!(line.split('\t').next().unwrap().len(), "2026-11-24T00:25:04.000Z".len());
    }
    environment.kill().await;
}

/// Both kinds of module find the packages of layers.
async fn layers(kit: Arc<Kit>) {
    for (file, code) in [
        ("app.mjs", "import whose from 'shared'; export const handler = async () => whose"),
        ("app.js", "const whose = require('shared'); exports.handler = async () => whose"),
    ] {
        let Some(mut f) = kit.function("nodejs", file, code) else { return };
        let _layers = Kit::layers(&mut f, "nodejs/node_modules/shared/index.js", "module.exports = 'layer'");
        assert_eq!(text(&kit.once(&f, "0").await.0), r#""layer""#, "{file}");
    }
}

async fn module_kinds(kit: Arc<Kit>) {
    check(&kit, "app.mjs", "export const handler = async () => 'mjs'", r#""mjs""#).await;
    check(&kit, "app.cjs", "exports.handler = async () => 'cjs'", r#""cjs""#).await;
    check(&kit, "app.mjs", "const x = await 3; export const handler = () => Promise.resolve(x)", "3").await;
    let Some(f) = kit.function("nodejs", "app.js", "export const handler = async () => 'esm'") else { return };
    std::fs::write(f.code.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
    assert_eq!(text(&kit.once(&f, "1").await.0), r#""esm""#);
}

async fn ways_to_answer(kit: Arc<Kit>) {
    check(&kit, "app.js", "exports.handler = (e, c, done) => done(null, e.n)", "1").await;
    let late = "exports.handler = (e, c, done) => { e.n = 0; done(null, e); setTimeout(() => { e.n = 7 }, 20) }";
    check(&kit, "app.js", late, r#"{"n":7}"#).await;
    let at_once = "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; \
                   setTimeout(() => {}, 60000); done(null, 'now') }";
    check(&kit, "app.js", at_once, r#""now""#).await;
    check(&kit, "app.js", "exports.handler = () => {}", "null").await;
    check(&kit, "app.js", "exports.handler = async () => { await new Promise(() => {}) }", "null").await;
    check(&kit, "app.js", "exports.handler = (e, c) => c.succeed('old')", r#""old""#).await;
    let left =
        "exports.handler = async (e, c) => { const t = c.getRemainingTimeInMillis(); return t > 20000 && t <= 30000 }";
    check(&kit, "app.js", left, "true").await;
}

async fn errors(kit: Arc<Kit>) {
    let Some(f) = kit.function("nodejs", "app.js", "exports.handler = async () => { throw new TypeError('boom') }")
    else {
        return;
    };
    let (outcome, lines) = kit.once(&f, "1").await;
    let answer = text(&outcome);
    let start = r#"{"errorType":"TypeError","errorMessage":"boom","trace":["TypeError: boom","    at "#;
    assert!(answer.starts_with(start), "{answer}");
    assert!(outcome.reusable());
    assert!(
        lines.iter().any(|line| line.contains("\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\"")),
        "{lines:?}"
    );
    let Some(f) = kit.function("nodejs", "app.js", "exports.handler = async () => { console.log('a\\nb', 1) }") else {
        return;
    };
    let (_, lines) = kit.once(&f, "1").await;
    assert!(lines.iter().any(|line| line.ends_with("\tr-1\tINFO\ta\nb 1")), "{lines:?}");
    let thrown = "exports.handler = (e, c, done) => done('text')";
    check(&kit, "app.js", thrown, r#"{"errorType":"string","errorMessage":"text","trace":[]}"#).await;
}

async fn load_errors(kit: Arc<Kit>) {
    for (file, code, error_type, message) in [
        ("other.js", "", "Runtime.ImportModuleError", "Error: Cannot find module 'app'"),
        ("app.js", "exports.other = 1", "Runtime.HandlerNotFound", "app.handler is undefined or not exported"),
        ("app.js", "require('@aws-sdk/client-s3')", "Runtime.ImportModuleError", "put it into the package"),
        ("app.mjs", "import '@aws-sdk/client-s3'", "Runtime.ImportModuleError", "put it into the package"),
        ("app.js", "exports.handler = (", "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected end of input"),
        ("app.js", "throw new RangeError('at load')", "Function.Unknown", "at load"),
    ] {
        let Some(f) = kit.function("nodejs", file, code) else { return };
        let (outcome, lines) = kit.once(&f, "1").await;
        let Ended::InitError { error_type: found, payload } = &outcome.ended else { panic!("{outcome:?} {lines:?}") };
        let payload = String::from_utf8_lossy(payload);
        // A type of no known form is Runtime.Unknown while the code loads.
        let error_type = if error_type == "Function.Unknown" { "Runtime.Unknown" } else { error_type };
        assert_eq!(found, error_type, "{payload}");
        assert!(payload.contains(message), "{payload}");
        assert!(!outcome.reusable());
    }
}

/// Code that loads the SDK only while it serves is told what to do, too.
async fn sdk_is_missing(kit: Arc<Kit>) {
    let code = "exports.handler = async () => { await import('@aws-sdk/client-s3') }";
    let Some(f) = kit.function("nodejs", "app.js", code) else { return };
    let answer = text(&kit.once(&f, "1").await.0);
    assert!(answer.contains("put it into the package"), "{answer}");
}

async fn uncaught(kit: Arc<Kit>) {
    let code = "exports.handler = () => new Promise(() => setTimeout(() => { throw new Error('later') }, 1))";
    let Some(f) = kit.function("nodejs", "app.js", code) else { return };
    let (outcome, _) = kit.once(&f, "1").await;
    assert!(text(&outcome).starts_with(r#"{"errorType":"Error","errorMessage":"later""#), "{outcome:?}");
}
