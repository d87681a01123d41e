//! The rows of load: which requests, by how many clients, and what each is measured against.

use std::sync::Arc;
use std::time::Duration;

use crate::anchors::{disk_big, md5_big, megabytes_per_second};
use crate::client::{Call, Target};
use crate::load::{Crowd, Make, Window};
use crate::report::{Line, median};
use crate::workload::{BIG_BYTES, Names, big};

/// One row under measurement.
pub struct Row {
    what: &'static str,
    clients: usize,
    /// The row, of as many clients, that this one is compared with.
    limit: Option<&'static str>,
    is_big: bool,
    crowd: Crowd,
    windows: Vec<Window>,
}

const FIXED: &str = "skeleton: fixed answer";
const VERIFIED: &str = "skeleton: verified";
const GET: &str = "skeleton: verified, fjall get";
const PUT: &str = "skeleton: verified, durable put";
const SINK: &str = "skeleton: 50 MB in";
const SOURCE: &str = "skeleton: 50 MB out";
const BIG_LIMIT: &str = "min(MD5, disk)";

/// Rows in the making.
pub struct Rows {
    pub server: Arc<Target>,
    pub skeleton: Option<Arc<Target>>,
    pub names: Names,
    /// Only rows whose name holds this.
    pub only: Option<String>,
    pub rows: Vec<Row>,
}

fn at(mut call: Call, target: &str) -> Call {
    call.target = target.to_owned();
    call
}

impl Rows {
    async fn add(
        &mut self,
        on: &Arc<Target>,
        what: &'static str,
        clients: usize,
        limit: Option<&'static str>,
        make: Make,
    ) -> anyhow::Result<()> {
        let wanted = |only: &String| what.starts_with("skeleton") || what.contains(only.as_str());
        if self.only.as_ref().is_none_or(wanted) {
            let crowd = Crowd::new(on, clients, make).await?;
            let is_big = what.contains("50 MB");
            self.rows.push(Row { what, clients, limit, is_big, crowd, windows: Vec::new() });
        }
        Ok(())
    }

    /// Items, by one number of clients: each limit beside what it limits.
    pub async fn items(&mut self, clients: usize) -> anyhow::Result<()> {
        let server = Arc::clone(&self.server);
        let names = || self.names.clone();
        let skeleton: Vec<(&'static str, Make)> = {
            let (fixed, verified, get, put) = (names(), names(), names(), names());
            vec![
                (FIXED, Arc::new(move |c, n| at(fixed.get_item(c, n), "/fixed"))),
                (VERIFIED, Arc::new(move |c, n| at(verified.get_item(c, n), "/verified"))),
                (PUT, Arc::new(move |c, n| at(put.put_item(c, n), "/put"))),
                (GET, Arc::new(move |c, n| at(get.get_item(c, n), "/get"))),
            ]
        };
        let (get, put, new, query) = (names(), names(), names(), names());
        let crowd = format!("{clients}");
        if let Some(on) = self.skeleton.clone() {
            for (what, make) in skeleton {
                self.add(&on, what, clients, None, make).await?;
            }
        }
        let put: Make = Arc::new(move |c, n| put.put_item(c, n));
        self.add(&server, "PutItem 1 KB", clients, Some(PUT), put).await?;
        let new: Make = Arc::new(move |c, n| new.put_item_if_absent(&crowd, c, n));
        self.add(&server, "PutItem 1 KB, conditional", clients, Some(PUT), new).await?;
        let get: Make = Arc::new(move |c, n| get.get_item(c, n));
        self.add(&server, "GetItem 1 KB", clients, Some(GET), get).await?;
        if clients <= 16 {
            let query: Make = Arc::new(move |_, _| query.query());
            self.add(&server, "Query 20 items of 1 KB", clients, Some(VERIFIED), query).await?;
        }
        Ok(())
    }

    pub async fn small_objects(&mut self, clients: usize) -> anyhow::Result<()> {
        let (server, put, get) = (Arc::clone(&self.server), self.names.clone(), self.names.clone());
        let put: Make = Arc::new(move |c, _| put.put_small(c));
        self.add(&server, "PutObject 4 KB", clients, Some(PUT), put).await?;
        let get: Make = Arc::new(move |c, _| get.get_small(c));
        self.add(&server, "GetObject 4 KB", clients, Some(GET), get).await
    }

    pub async fn big_objects(&mut self) -> anyhow::Result<()> {
        let (server, names) = (Arc::clone(&self.server), self.names.clone());
        let (body, hash) = big();
        if let Some(on) = self.skeleton.clone() {
            let (sink, unsigned) = (names.put_big(&body, sigv4::PayloadMode::Unsigned), at(names.get_big(), "/source"));
            let sink = at(sink, "/sink");
            self.add(&on, SINK, 1, None, Arc::new(move |_, _| sink.clone())).await?;
            self.add(&on, SOURCE, 1, None, Arc::new(move |_, _| unsigned.clone())).await?;
        }
        let (put, signed) = (names.put_big(&body, sigv4::PayloadMode::Unsigned), names.put_big(&body, hash));
        self.add(&server, "PutObject 50 MB", 1, Some(BIG_LIMIT), Arc::new(move |_, _| put.clone())).await?;
        self.add(&server, "PutObject 50 MB, body signed", 1, Some(BIG_LIMIT), Arc::new(move |_, _| signed.clone()))
            .await?;
        let get = names.get_big();
        self.add(&server, "GetObject 50 MB", 1, Some(SOURCE), Arc::new(move |_, _| get.clone())).await
    }

    pub async fn invocations(&mut self, clients: usize, function: &str) -> anyhow::Result<()> {
        let (server, names, function) = (Arc::clone(&self.server), self.names.clone(), function.to_owned());
        let make: Make = Arc::new(move |_, _| names.invoke(&function));
        self.add(&server, "Invoke, warm", clients, Some(FIXED), make).await
    }

    /// Runs every row in turn, as often as there are rounds; a first pass, which does not count, warms everything.
    pub async fn run(&mut self, rounds: usize, length: Duration) -> anyhow::Result<()> {
        for row in &mut self.rows {
            row.crowd.run(length / 4).await?;
        }
        for _ in 0..rounds {
            for row in &mut self.rows {
                row.windows.push(row.crowd.run(length).await?);
            }
        }
        Ok(())
    }

    /// The rows' lines, each with its ratio: the median of those of the rounds.
    pub fn lines(&self) -> anyhow::Result<Vec<Line>> {
        let big_limit =
            if self.rows.iter().any(|row| row.limit == Some(BIG_LIMIT)) { Some(big_limit()?) } else { None };
        let line = |row: &Row| {
            let mut line = Line::of(row.what, row.clients, &row.windows);
            if row.is_big {
                line.megabytes_per_second = Some(line.per_second * BIG_BYTES as f64 / 1e6);
            }
            if let Some(failure) = row.windows.iter().find_map(|window| window.failure.as_ref()) {
                eprintln!("{}: {failure}", row.what);
            }
            let Some(limit) = row.limit else { return line };
            if let (BIG_LIMIT, Some(rate), Some(of)) = (limit, line.megabytes_per_second, big_limit) {
                return line.against(&format!("{BIG_LIMIT} {of:.0} MB/s"), rate / of);
            }
            let same = |other: &&Row| other.what == limit && other.clients == row.clients;
            let Some(other) = self.rows.iter().find(same) else { return line };
            let ratios = row.windows.iter().zip(&other.windows).map(|(own, of)| own.per_second() / of.per_second());
            line.against(limit, median(ratios.collect()))
        };
        Ok(self.rows.iter().map(line).collect())
    }
}

/// MB/s of the slower of MD5 and disk.
fn big_limit() -> anyhow::Result<f64> {
    let (body, _) = big();
    let times = |take: &dyn Fn() -> anyhow::Result<Duration>| {
        let rates: anyhow::Result<Vec<f64>> = (0..3).map(|_| Ok(megabytes_per_second(take()?))).collect();
        anyhow::Ok(median(rates?))
    };
    let (md5, disk) = (times(&|| Ok(md5_big(&body)))?, times(&|| disk_big(&body))?);
    Ok(md5.min(disk))
}
