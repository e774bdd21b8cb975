//! Arguments → settings → logging → app.

use bidroom::app::{self, BrokerKind, CheckOrder, DrawVerifyOrder, HubOrder, Order, VerifyOrder};
use bidroom::config::Lang;
use bidroom::console::{ctl, openapi};
use bidroom::keys::Wiping;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// The daemon of a remote bid-evaluation room.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Runs the room.
    Run {
        /// The room's profile.
        #[arg(long)]
        profile: PathBuf,
        /// The folder of all data.
        #[arg(long)]
        data: PathBuf,
        /// UNSAFE: acknowledge before the journal is written. Only for proving that the kill tests see a loss.
        #[arg(long, hide = true)]
        unsafe_journal: bool,
        /// Believes a replica's listing; only to prove that the replication tests can see a loss.
        #[arg(long, hide = true)]
        unsafe_replicas: bool,
        /// Believes the broker's acknowledgement; only to prove that the hub's tests can see a loss.
        #[arg(long, hide = true)]
        unsafe_outbox: bool,
    },
    /// Checks a profile, and what it names: exit code 0 all is well, 1 warnings, 2 faults.
    Check {
        /// The room's profile.
        #[arg(long)]
        profile: PathBuf,
        /// The folder of all data.
        #[arg(long, default_value = "/var/lib/bidroom")]
        data: PathBuf,
        /// Print JSON, in both languages.
        #[arg(long)]
        json: bool,
        /// zh or en.
        #[arg(long, default_value_t)]
        lang: Lang,
    },
    /// Verifies a sealed archive without the box: exit code 0 whole, 1 faults, 2 no bag or unreadable, 3 whole but unsigned or
    /// not trusted, 4 a clip whose files are right and trusted.
    Verify {
        /// The bag's folder.
        bag: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Certificates that are trusted, PEM: the box's CA, the time-stamping authority's.
        #[arg(long)]
        ca: Vec<PathBuf>,
        /// Checkpoints that somebody outside the box kept.
        #[arg(long)]
        witness: Vec<PathBuf>,
    },
    /// Looks at draws.
    #[command(subcommand)]
    Draw(DrawTask),
    /// Does from the command line what the technician's page does.
    Ctl(ctl::Arguments),
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints what rooms and hubs say to each other, as an AsyncAPI 3 document in YAML.
    Asyncapi,
    /// The city's hub: hears all rooms, stores what they journal, plans evaluations.
    #[command(subcommand)]
    Hub(HubTask),
}

#[derive(Debug, Subcommand)]
enum HubTask {
    /// Runs the hub.
    Run {
        /// Its settings.
        #[arg(long)]
        settings: PathBuf,
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
    },
    /// Prints the public key that rooms' profiles name under [hub] keys.
    Key {
        /// Its settings.
        #[arg(long)]
        settings: PathBuf,
        /// The folder of its data.
        #[arg(long)]
        data: PathBuf,
    },
    /// Prints the broker's access list: each room's certificate reaches its own topics only.
    Acl {
        /// Its settings.
        #[arg(long)]
        settings: PathBuf,
        /// mosquitto or emqx.
        #[arg(long)]
        broker: BrokerKind,
    },
}

#[derive(Debug, Subcommand)]
enum DrawTask {
    /// Computes a draw anew from its public record, without the box: exit code 0 right, 1 faults, 2 unreadable.
    Verify {
        /// The record, as the supervisor's page gives it.
        record: PathBuf,
        /// The draw's opening from the auditor's container: checks as well who was in the pool and who was avoided.
        #[arg(long)]
        opening: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.task {
        Task::Run {
            profile,
            data,
            unsafe_journal,
            unsafe_replicas,
            unsafe_outbox,
        } => {
            start_logging();
            with_runtime(app::run(Order {
                profile,
                data,
                unsafe_journal,
                unsafe_replicas,
                unsafe_outbox,
            }))
        }
        Task::Check {
            profile,
            data,
            json,
            lang,
        } => {
            let order = CheckOrder {
                profile,
                data,
                json,
                lang,
            };
            return match with_runtime(checked(order)) {
                Ok(code) => code,
                Err(error) => failed(&error),
            };
        }
        Task::Verify {
            bag,
            json,
            ca,
            witness,
        } => {
            let (told, code) = app::verify(VerifyOrder {
                bag,
                ca,
                witnesses: witness,
                json,
            });
            return match print(&format!("{told}\n")) {
                Ok(()) => ExitCode::from(code),
                Err(error) => failed(&error),
            };
        }
        Task::Draw(DrawTask::Verify {
            record,
            opening,
            json,
        }) => {
            let (told, code) = app::verify_draw(&DrawVerifyOrder {
                record,
                opening,
                json,
            });
            return match print(&format!("{told}\n")) {
                Ok(()) => ExitCode::from(code),
                Err(error) => failed(&error),
            };
        }
        Task::Ctl(arguments) => with_runtime(ctl::run(arguments)),
        Task::Openapi => print(&format!("{:#}\n", openapi::document())),
        Task::Asyncapi => print(&openapi::asyncapi()),
        Task::Hub(task) => hub(task),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn hub(task: HubTask) -> anyhow::Result<()> {
    match task {
        HubTask::Run { settings, data } => {
            start_logging();
            with_runtime(app::run_hub(HubOrder { settings, data }))
        }
        HubTask::Key { settings, data } => {
            let key = app::hub_key(&HubOrder { settings, data })?;
            print(&format!("{key}\n"))
        }
        HubTask::Acl { settings, broker } => print(&app::hub_access_list(&settings, broker)?),
    }
}

/// Tells people, not the log: each line says where and why.
fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "bidroom: {error:#}");
    ExitCode::FAILURE
}

async fn checked(order: CheckOrder) -> anyhow::Result<ExitCode> {
    let (told, code) = app::check(order).await;
    print(&format!("{told}\n"))?;
    Ok(ExitCode::from(code))
}

fn with_runtime<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn start_logging() {
    // the libraries' own chatter about lawful disconnects
    let default = "info,rtc=error,rtc_dtls=error,rtc_ice=error,rtc_mdns=error,webrtc=error";
    let filter = EnvFilter::try_from_env("BIDROOM_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // what it writes holds the numbers that are called: no setting brings it into a log
    let nameless = filter_fn(|metadata| !metadata.target().starts_with("rsipstack"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(nameless)))
        .init();
}
