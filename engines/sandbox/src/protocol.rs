//! What the server and the supervisor say to each other: one JSON document per packet, descriptors beside it.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// From the server. Not Debug: variables may hold secrets.
#[derive(Serialize, Deserialize)]
pub(crate) enum Request {
    Start(Box<Spec>),
    /// Gives a sandbox that was started without code its own, and the limits of its function.
    Specialise {
        id: u64,
        code: PathBuf,
        layers: Option<PathBuf>,
        limits: Limits,
    },
    Kill {
        id: u64,
    },
    Freeze {
        id: u64,
    },
    Thaw {
        id: u64,
    },
}

/// From the supervisor. `Started` carries descriptors: the runtime API's listener, the door's if the spec names one,
/// standard output, standard error.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    /// The first packet: what this host can do.
    Hello(Hello),
    Started {
        id: u64,
        /// Where the most memory used can be read, if there is a cgroup.
        memory_peak: Option<PathBuf>,
    },
    /// A sandbox has its code, or why not.
    Specialised { id: u64, failed: Option<String> },
    /// Everything of it is gone. Without a `Started` before it, it never ran.
    Ended { id: u64, end: End },
}

/// What the supervisor found about the host.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Why no sandbox can be made; none if they can.
    pub unavailable: Option<String>,
    /// What is weaker here than the level promises at its best.
    pub gaps: Vec<String>,
}

/// How a sandbox ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Set where it could not be made.
    pub failed: Option<String>,
    /// Whether that was for its program, which could not be run; else the platform's steps failed.
    pub for_program: bool,
    pub status: Option<i32>,
    pub signal: Option<i32>,
    pub out_of_memory: bool,
    pub memory_max_bytes: u64,
    pub cpu_us: u64,
}

/// From the first process of a sandbox to the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Note {
    Running,
    Failed(String),
    /// The sandbox was made, but its program cannot be run.
    NoProgram(String),
    Exited {
        status: Option<i32>,
        signal: Option<i32>,
    },
}

/// Where the process of a sandbox comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The program is started.
    Program,
    /// The program is started and keeps what it takes to put forks of itself into other sandboxes.
    Zygote,
    /// It is a fork of the zygote in this sandbox.
    Fork { zygote: u64 },
}

/// From the first process of a sandbox to a zygote; with it the namespaces (pid, net, ipc, uts, cgroup, mount), the files to
/// join cgroups by, standard input, output and error, and where to answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fork {
    pub uid: u32,
    pub cgroups: usize,
}

/// A sandbox to make and the process to start in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Spec {
    pub id: u64,
    pub origin: Origin,
    /// The first that is there is run.
    pub programs: Vec<PathBuf>,
    pub arguments: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Mounted read-only at `/var/task`; none in a sandbox that gets it later.
    pub code: Option<PathBuf>,
    /// Mounted read-only at `/opt`, if the function has any.
    pub layers: Option<PathBuf>,
    /// Mounted read-only at `/var/runtime`.
    pub runtime_dir: PathBuf,
    /// Folders to show read-only where they are on the host: interpreters outside `/usr`.
    pub prefixes: Vec<PathBuf>,
    pub listen: Listen,
    pub limits: Limits,
}

/// What a sandbox may use at most.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Limits {
    pub memory_bytes: u64,
    pub cpu_milli: u32,
    pub processes: u32,
    pub open_files: u32,
    pub tmp_bytes: u64,
}

/// What to listen on inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Listen {
    pub runtime_api_port: u16,
    pub door: Option<Door>,
}

/// The platform's public authority, as it must answer inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Door {
    pub address: Ipv4Addr,
    pub port: u16,
    /// A name for the address, if the authority is one.
    pub name: Option<String>,
}
