//! What the binary is told: flags, and `CLEARSKY_*` variables for the same. Nothing else reads the environment.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use base::{Account, Secret};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

/// Serverless, without the cloud: functions and their backends in one binary that speaks the AWS API.
#[derive(Debug, Parser)]
#[command(name = "clearsky", version, about)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the server until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// The same for development: what nobody signed or no policy allows is let through and recorded (--auth audit), and
    /// everything is kept in ./.clearsky-dev.
    Dev(Serve),
    /// Prints the variables that point AWS clients at the server: eval "$(clearsky env)".
    Env {
        #[command(flatten)]
        place: Place,
    },
    /// Tells why a request was answered as it was: its id is in every answer's x-amzn-requestid.
    Explain {
        /// The request's id.
        request_id: String,
        #[command(flatten)]
        client: Client,
    },
    /// Prints a least-privilege policy for what a role or user was seen to do on a server with --auth audit.
    Policy {
        #[command(flatten)]
        whose: Whose,
        /// With what its policies allow already.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        client: Client,
    },
    /// Writes everything that a running server holds into a file: rows, bodies and keys as of one moment.
    Backup {
        /// The file, which must not be there yet, or a folder.
        target: PathBuf,
        #[command(flatten)]
        client: Client,
    },
    /// Makes a data directory of the file of a backup; while a server runs elsewhere or none does.
    Restore {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// What functions find beside the language: the AWS SDKs.
    Runtimes {
        #[command(subcommand)]
        command: Runtimes,
    },
}

#[derive(Debug, Subcommand)]
pub enum Runtimes {
    /// Lists the runtimes and SDKs that functions of this host can use.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Fetches an SDK from its registry into the data directory; a running server sees it at once.
    Install {
        /// Which one.
        sdk: Sdk,
        #[command(flatten)]
        place: Place,
    },
}

/// The SDKs that functions expect to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sdk {
    /// boto3, from PyPI
    SdkPython,
}

/// A role or a user.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    /// The role's name.
    #[arg(long)]
    pub role: Option<String>,
    /// The user's name.
    #[arg(long)]
    pub user: Option<String>,
}

/// Where everything is kept.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The data directory.
    #[arg(long, env = "CLEARSKY_DATA_DIR", default_value = "./.clearsky")]
    pub data_dir: PathBuf,
}

/// Where commands find the server, as any AWS client does.
#[derive(Clone, Args)]
pub struct Client {
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub endpoint_url: String,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true, hide_env_values = true)]
    pub access_key_id: String,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    pub secret_access_key: String,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    pub session_token: Option<String>,
    #[arg(long, env = "AWS_REGION")]
    pub region: Option<String>,
}

/// Keys are secrets: Debug shows where the server is only.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint_url", &self.endpoint_url).finish_non_exhaustive()
    }
}

/// The server's settings.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    #[command(flatten)]
    pub place: Place,
    /// Where to listen; port 0 lets the kernel choose.
    #[arg(long, env = "CLEARSKY_LISTEN", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// What URLs start with that the server hands out without having been asked; by default where it listens.
    #[arg(long, env = "CLEARSKY_PUBLIC_URL", value_parser = parse_public_url)]
    pub public_url: Option<String>,
    /// An access key of the account's root, as ID:SECRET; may be given several times. By default one is made and kept.
    #[arg(long, env = "CLEARSKY_ROOT_KEY", value_delimiter = ',', value_parser = parse_root_key)]
    pub root_key: Vec<RootKey>,
    /// The account: 12 digits.
    #[arg(long, env = "CLEARSKY_ACCOUNT", default_value = Account::DEFAULT, value_parser = parse_account)]
    pub account: Account,
    /// Where rows are kept: fjall (in the data directory), or a PostgreSQL database as postgres://USER:PASSWORD@HOST/DATABASE.
    /// Bodies stay in the data directory.
    #[arg(long, env = "CLEARSKY_KV", hide_env_values = true, default_value = "fjall", value_parser = parse_kv)]
    pub kv: Kv,
    /// What happens to requests that nobody signed or no policy allows. All but enforce listen on the loopback only; there a
    /// key id of 12 digits is the account.
    #[arg(long, env = "CLEARSKY_AUTH", value_enum, default_value = "enforce")]
    pub auth: Auth,
    /// Where to append a line of JSON for each request that changed something or was denied: a file, or - for standard output.
    #[arg(long, env = "CLEARSKY_AUDIT_LOG")]
    pub audit_log: Option<PathBuf>,
    /// Whether Python environments are forks of one interpreter that has booted: first answers come several times faster, but
    /// environments share the layout of their address space and their hash seed. Switch it off for hostile tenants.
    #[arg(long, env = "CLEARSKY_ZYGOTES", action = clap::ArgAction::Set, default_value_t = true)]
    pub zygotes: bool,
    /// What to log: error, warn, info, debug or trace, or a filter such as info,edge=debug.
    #[arg(long, env = "CLEARSKY_LOG", default_value = "info")]
    pub log: String,
}

/// The engine that keeps rows.
#[derive(Debug, Clone)]
pub enum Kv {
    Fjall,
    /// Its address holds a password.
    Postgres(Secret<String>),
    /// Neither. No text of it is shown, as it may hold a password.
    Unknown,
}

/// How much of authentication and authorisation binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Auth {
    /// They are refused.
    Enforce,
    /// They are let through, and the policy that would allow them is recorded: see clearsky policy.
    Audit,
    /// Nobody looks.
    Off,
}

impl From<Auth> for service::Auth {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Enforce => Self::Enforce,
            Auth::Audit => Self::Audit,
            Auth::Off => Self::Off,
        }
    }
}

/// An access key of the account's root.
#[derive(Debug, Clone)]
pub struct RootKey {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
}

impl Arguments {
    /// Reads the command line. `dev` is `serve` with other defaults.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let dev = |command: clap::Command| {
            let placed = command.mut_arg("data_dir", |arg| arg.default_value("./.clearsky-dev"));
            placed.mut_arg("auth", |arg| arg.default_value("audit"))
        };
        let command = Self::command().mut_subcommand("dev", dev);
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }
}

impl Serve {
    /// Whoever can reach a server that does not enforce may do everything.
    pub fn check(&self) -> Result<(), String> {
        let auth = service::Auth::from(self.auth).as_str();
        if self.auth == Auth::Enforce || self.listen.ip().is_loopback() {
            return Ok(());
        }
        Err(format!(
            "--auth {auth} lets everybody in, so it listens on the loopback only, not on {}: listen on 127.0.0.1, or use \
             --auth enforce",
            self.listen
        ))
    }
}

/// The URL of a server that listens here (its loopback where it listens everywhere).
pub fn url(listening: SocketAddr) -> String {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listening.port()))
}

fn parse_root_key(text: &str) -> Result<RootKey, String> {
    let (id, secret) = text.split_once(':').ok_or("a root key is ID:SECRET")?;
    if id.is_empty() || secret.is_empty() {
        return Err("a root key is ID:SECRET, neither may be empty".into());
    }
    Ok(RootKey { access_key_id: id.to_owned(), secret_access_key: Secret::new(secret.to_owned()) })
}

/// Never fails: the message would show what was given.
fn parse_kv(text: &str) -> Result<Kv, String> {
    let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
    Ok(match text {
        "fjall" => Kv::Fjall,
        text if is_postgres => Kv::Postgres(Secret::new(text.to_owned())),
        _ => Kv::Unknown,
    })
}

fn parse_account(text: &str) -> Result<Account, String> {
    Account::parse(text).ok_or_else(|| "an account is 12 digits".into())
}

/// Only the plain form, a scheme and an authority: functions are served under it too, and TLS is not there yet.
fn parse_public_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('/');
    if text.starts_with("https://") {
        return Err("https is not implemented: a public URL is http://HOST:PORT".into());
    }
    let authority = text.strip_prefix("http://");
    let valid = authority.is_some_and(|a| !a.is_empty() && !a.contains(['/', '?', '#', '@', ' ']));
    if valid { Ok(text.to_owned()) } else { Err("a public URL is http://HOST:PORT, without a path".into()) }
}

/// The authority of a public URL; the port is 80 where none is named.
pub fn authority(url: &str) -> sandbox::Authority {
    let authority = url.strip_prefix("http://").unwrap_or(url);
    let named = authority.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = named.unwrap_or((authority, 80));
    sandbox::Authority { host: host.trim_matches(['[', ']']).to_owned(), port }
}

/// Where interpreters are looked for.
pub fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> Result<Serve, String> {
        started("serve", arguments)
    }

    fn started(command: &str, arguments: &[&str]) -> Result<Serve, String> {
        let all = ["clearsky", command].into_iter().chain(arguments.iter().copied()).map(OsString::from);
        match Arguments::read(all).map_err(|e| e.to_string())?.command {
            Command::Serve(serve) | Command::Dev(serve) => Ok(serve),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn defaults_listen_on_the_loopback() {
        let serve = serve(&[]).unwrap();
        assert_eq!(serve.listen.to_string(), "127.0.0.1:4566");
        assert_eq!(url("0.0.0.0:80".parse().unwrap()), "http://127.0.0.1:80");
        assert_eq!(url("[::]:4566".parse().unwrap()), "http://[::1]:4566");
        assert_eq!(serve.account.as_str(), "000000000000");
    }

    #[test]
    fn only_enforce_leaves_the_loopback() {
        let check = |command: &str, arguments: &[&str]| started(command, arguments).unwrap().check();
        let dev = started("dev", &[]).unwrap();
        assert_eq!((dev.auth, dev.place.data_dir.to_str()), (Auth::Audit, Some("./.clearsky-dev")));
        assert_eq!(serve(&[]).unwrap().auth, Auth::Enforce);
        assert_eq!(check("serve", &["--listen", "0.0.0.0:1"]), Ok(()));
        assert_eq!(check("dev", &["--listen", "[::1]:1"]), Ok(()));
        assert_eq!(check("dev", &["--listen", "0.0.0.0:1", "--auth", "enforce"]), Ok(()));
        assert!(check("dev", &["--listen", "0.0.0.0:1"]).unwrap_err().contains("--auth audit lets everybody in"));
        assert!(check("serve", &["--listen", "10.0.0.1:1", "--auth", "off"]).is_err());
    }

    #[test]
    fn bad_values_are_refused() {
        for bad in [
            ["--account", "12"],
            ["--root-key", "test"],
            ["--public-url", "ftp://x"],
            ["--public-url", "https://x"],
            ["--listen", "here"],
        ] {
            assert!(serve(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_database_never_shows_its_password() {
        let of = |address: &str| serve(&["--kv", address]).map(|serve| serve.kv);
        assert!(matches!(serve(&[]).unwrap().kv, Kv::Fjall));
        assert!(matches!(of("postgresql://u@h/d"), Ok(Kv::Postgres(_))));
        assert!(matches!(of("mysql://u:hunter2@h/d"), Ok(Kv::Unknown)));
        assert!(!format!("{:?}", serve(&["--kv", "postgres://u:hunter2@h/d"])).contains("hunter2"));
    }

    #[test]
    fn a_root_key_never_shows_its_secret() {
        let serve = serve(&["--root-key", "test:hunter2"]).unwrap();
        assert!(!format!("{serve:?}").contains("hunter2"));
    }
}
