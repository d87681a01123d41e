//! A child process writes, the parent kills it: what was acknowledged is there, and nothing is there in part.
//! More rounds: `cargo test -p kv-fjall --test crash -- --rounds 1000`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use kv::{Limit, LogId, LogRange, Position, Range, Store, Watch};
use kv_fjall::{Error, Fjall};

const WRITERS: usize = 16;
const ROUNDS: usize = 20;
const ACKNOWLEDGED: usize = 200;
const LOG: LogId = LogId::from_static("log");
const CHILD: &str = "--write-until-killed";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match &arguments[1..] {
        [flag, dir, round] if flag == CHILD => runtime.block_on(write_until_killed(Path::new(dir), round)),
        options => {
            let rounds = options.iter().skip_while(|option| *option != "--rounds").nth(1);
            let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().unwrap());
            runtime.block_on(kill_and_look(rounds));
            println!("test acknowledged_writes_survive_a_kill ... ok");
            println!("test result: ok. 1 passed; 0 failed; {rounds} rounds");
        }
    }
}

async fn write_until_killed(dir: &Path, round: &str) {
    let store = Fjall::store(dir).unwrap();
    let write = |writer: usize| {
        let (store, round) = (store.clone(), round.to_owned());
        tokio::spawn(async move {
            for n in 0.. {
                let name = format!("{round}.{writer}.{n}");
                let mut tx = store.begin().await.unwrap();
                tx.put(format!("left/{name}").as_str().into(), name.clone());
                tx.put(format!("right/{name}").as_str().into(), vec![b'x'; 1024]);
                tx.append(LOG, name.clone());
                let position = tx.commit().await.unwrap().positions[0].get();
                // One write, so that a kill leaves whole lines or nothing.
                std::io::stdout().lock().write_all(format!("{name} {position}\n").as_bytes()).unwrap();
            }
        })
    };
    futures::future::join_all((0..WRITERS).map(write)).await;
}

async fn kill_and_look(rounds: usize) {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut highest = 0;
    for round in 0..rounds {
        let before = acknowledged.len();
        for (name, position) in run_child(dir.path(), round) {
            assert!(highest < position, "round {round}: position {position} was given before");
            acknowledged.insert(name, position);
        }
        assert!(ACKNOWLEDGED <= acknowledged.len() - before);
        let store = Fjall::store(dir.path()).unwrap();
        highest = check(&store, &acknowledged).await;
    }
}

/// Runs a writer until it acknowledged enough, kills it, and answers all that it acknowledged.
fn run_child(dir: &Path, round: usize) -> Vec<(String, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(CHILD)
        .arg(dir)
        .arg(round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen: Vec<String> = lines.by_ref().take(ACKNOWLEDGED).map(Result::unwrap).collect();
    assert_eq!(seen.len(), ACKNOWLEDGED, "the child ended by itself");
    assert!(matches!(Fjall::store(dir), Err(Error::Locked { .. })));
    child.kill().unwrap();
    seen.extend(lines.map_while(Result::ok));
    child.wait().unwrap();
    let parse = |line: &String| {
        let (name, position) = line.split_once(' ')?;
        Some((name.to_owned(), position.parse().ok()?))
    };
    seen.iter().filter_map(parse).collect()
}

async fn check(store: &Store, acknowledged: &BTreeMap<String, u64>) -> u64 {
    let (left, right) = (names(store, "left/").await, names(store, "right/").await);
    assert_eq!(left, right, "a transaction is there in part");
    let mut logged = BTreeMap::new();
    let mut after = Position::START;
    loop {
        let page = store.read_log(&LOG, LogRange::forward().after(after), Limit::PAGE).await.unwrap();
        for record in &page.records {
            let name = String::from_utf8(record.body.to_vec()).unwrap();
            assert_eq!(logged.insert(name, record.position.get()), None, "logged twice");
        }
        let Some(last) = page.last() else { break };
        after = last;
    }
    assert_eq!(logged.keys().collect::<BTreeSet<_>>(), left.iter().collect());
    for (name, position) in acknowledged {
        assert_eq!(logged.get(name), Some(position), "{name} was acknowledged and is lost");
    }
    after.get()
}

async fn names(store: &Store, prefix: &str) -> BTreeSet<String> {
    let (mut range, mut names) = (Range::prefix(prefix), BTreeSet::new());
    loop {
        let mut tx = store.begin().await.unwrap();
        let page = tx.range(range.clone(), Limit::PAGE, Watch::Untracked).await.unwrap();
        names.extend(page.rows.iter().map(|(key, _)| key.to_string()[prefix.len()..].to_owned()));
        let Some(last) = page.last().filter(|_| page.more) else { return names };
        range = range.after(last);
    }
}
