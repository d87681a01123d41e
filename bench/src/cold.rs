//! Cold starts: first invocations of fresh functions: one by one, and many at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use futures::future::try_join_all;

use crate::anchors::{self, Anchor};
use crate::client::{Connection, Target};
use crate::load::Window;
use crate::report::Line;
use crate::stage::{Language, Stage};

/// Requests that are under way at once when cold starts are sustained.
const AT_ONCE: usize = 4;

/// A runtime that the server has, with a function that has answered.
pub struct Usable {
    pub language: Language,
    pub runtime: &'static str,
    pub function: String,
}

/// The newest runtime of a language whose function answers; none, said so, where the server has no such runtime.
pub async fn usable(stage: &mut Stage, language: Language) -> Option<Usable> {
    for runtime in language.runtimes() {
        let Ok(function) = stage.function(language, runtime).await else { continue };
        if stage.invoke(&function).await.is_ok() {
            return Some(Usable { language, runtime, function });
        }
    }
    eprintln!("the server has none of {}", language.runtimes().join(", "));
    None
}

/// First invocations of fresh functions, each made just before and beside a start of its language's interpreter.
pub async fn one_by_one(stage: &mut Stage, tried: &Usable, count: usize) -> anyhow::Result<Vec<Line>> {
    let (what, anchor): (_, Anchor) = match tried.language {
        Language::Python => ("Invoke, first of a function: Python", anchors::PYTHON),
        Language::Node => ("Invoke, first of a function: Node", anchors::NODE),
    };
    let (mut times, mut starts) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let function = stage.function(tried.language, tried.runtime).await?;
        starts.extend(anchor.time());
        times.push(stage.invoke(&function).await?);
    }
    let (line, start) = (Line::of_times(what, 1, times), Line::of_times(anchor.name, 1, starts));
    let ratio = line.p50_ms / start.p50_ms;
    Ok(vec![line.against(&format!("{} (time)", anchor.name), ratio), start])
}

/// First invocations of many functions, one after the other by a few clients. The server has room for fewer environments than
/// there are functions, so ending them is part of it.
pub async fn sustained(stage: &mut Stage, target: &Arc<Target>, tried: &Usable, count: usize) -> anyhow::Result<Line> {
    let mut functions = VecDeque::with_capacity(count);
    for _ in 0..count {
        functions.push_back(stage.function(tried.language, tried.runtime).await?);
    }
    let functions = Arc::new(Mutex::new(functions));
    let started = Instant::now();
    let client = |connection: Connection| invoke_all(connection, stage.names.clone(), Arc::clone(&functions));
    let opened = try_join_all((0..AT_ONCE).map(|_| Connection::open(target))).await?;
    let latencies = try_join_all(opened.into_iter().map(client)).await?.concat();
    let window = Window { latencies, elapsed: started.elapsed(), ..Window::default() };
    Ok(Line::of("cold starts, sustained: Python", AT_ONCE, &[window]))
}

async fn invoke_all(
    mut connection: Connection,
    names: crate::workload::Names,
    functions: Arc<Mutex<VecDeque<String>>>,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let next = functions.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(function) = next else { return Ok(latencies) };
        let answer = connection.send(names.invoke(&function)).await?.good()?;
        if answer.headers.contains_key("x-amz-function-error") {
            bail!("{function} failed: {}", answer.text());
        }
        latencies.push(answer.took);
    }
}
