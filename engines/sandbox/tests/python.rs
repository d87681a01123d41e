//! Python functions: answers, context, error documents.

use std::sync::Arc;

use exec::Ended;

use crate::kit::{Kit, request, text};
use crate::tests;

tests![hello];

async fn hello(kit: Arc<Kit>) {
    let Some(f) = kit.python("def handler(e, c):\n    print('hi')\n    return {'got': e, 'id': c.aws_request_id}\n")
    else {
        return;
    };
    let mut environment = kit.start(&f).await;
    for id in ["a", "b"] {
        let mut lines = Vec::new();
        let started = std::time::Instant::now();
        let outcome = environment.invoke(request(id, "[1]"), &mut lines).await;
        println!("{:?} {outcome:?}", started.elapsed());
        assert_eq!(text(&outcome), format!(r#"{{"got": [1], "id": "{id}"}}"#));
        assert_eq!(lines, ["hi"]);
        assert!(matches!(outcome.ended, Ended::Response(_)));
        assert_eq!(outcome.init.is_some(), id == "a");
    }
    println!("{:?}", environment.kill().await);
}
