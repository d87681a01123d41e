//! Load: some clients at once for some time, and what they saw.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use crate::client::{Call, Connection, Target};

/// Makes the n-th request of a client.
pub type Make = Arc<dyn Fn(usize, u64) -> Call + Send + Sync>;

/// Clients that keep their connections from one window to the next.
pub struct Crowd {
    clients: Vec<(Connection, u64)>,
    make: Make,
}

/// What a window of time saw.
#[derive(Debug, Default)]
pub struct Window {
    pub latencies: Vec<Duration>,
    pub elapsed: Duration,
    pub failures: u64,
    /// The first failure's words.
    pub failure: Option<String>,
}

impl Window {
    pub fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.failures += other.failures;
        self.failure = self.failure.take().or(other.failure);
    }
}

impl Crowd {
    pub async fn new(target: &Arc<Target>, clients: usize, make: Make) -> anyhow::Result<Self> {
        let opened = try_join_all((0..clients).map(|_| Connection::open(target))).await?;
        Ok(Self { clients: opened.into_iter().map(|connection| (connection, 0)).collect(), make })
    }

    /// Lets all clients send one request after the other until the time is over; each sends at least one.
    pub async fn run(&mut self, length: Duration) -> anyhow::Result<Window> {
        let started = Instant::now();
        let clients = std::mem::take(&mut self.clients).into_iter().enumerate();
        let tasks = clients.map(|(index, (connection, next))| {
            tokio::spawn(one(connection, index, next, Arc::clone(&self.make), started + length))
        });
        let mut window = Window::default();
        for ended in try_join_all(tasks).await? {
            let (connection, next, seen) = ended?;
            self.clients.push((connection, next));
            window.add(seen);
        }
        window.elapsed = started.elapsed();
        Ok(window)
    }
}

async fn one(
    mut connection: Connection,
    index: usize,
    mut next: u64,
    make: Make,
    until: Instant,
) -> anyhow::Result<(Connection, u64, Window)> {
    let mut seen = Window::default();
    loop {
        let answer = connection.send(make(index, next)).await?;
        next += 1;
        if (200..300).contains(&answer.status) {
            seen.latencies.push(answer.took);
        } else {
            seen.failures += 1;
            seen.failure.get_or_insert_with(|| format!("{} {}", answer.status, answer.text()));
        }
        if until <= Instant::now() {
            return Ok((connection, next, seen));
        }
    }
}
