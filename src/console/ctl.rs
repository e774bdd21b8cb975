//! Owns `bidroom ctl`: the technician's page as a command line, over the box's own socket.
//!
//! Commands are written as they stand in the journal, in words: `order begin break kind=rest`. In a rehearsal `--as`
//! practises the other roles.

use super::export::export;
use super::handover::{self, HandoverTask};
use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// `bidroom ctl`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of the running daemon's data.
    #[arg(long)]
    data: PathBuf,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Where the room stands, and what can be done next.
    Status,
    /// Gives a command, in words: `order begin break kind=rest`.
    Order {
        /// The session it is for.
        #[arg(long)]
        session: Option<String>,
        /// In a rehearsal: supervisor, member:N, workstation:N or access.
        #[arg(long = "as")]
        acting_as: Option<String>,
        /// The command's id; the same id is carried out once.
        #[arg(long)]
        id: Option<String>,
        /// The command's words, then `key=value`; values are JSON or plain words.
        #[arg(required = true, trailing_var_arg = true)]
        words: Vec<String>,
    },
    /// Plans a session.
    Plan {
        /// Its number.
        session: String,
        /// When it starts: `14:00`, `+30m` or an RFC 3339 time.
        #[arg(long)]
        start: String,
        /// Minutes it is expected to take.
        #[arg(long, default_value_t = 240)]
        minutes: u64,
        /// Experts.
        #[arg(long, default_value_t = 5)]
        experts: u8,
        /// Tenderer representatives.
        #[arg(long, default_value_t = 0)]
        representatives: u8,
        /// A rehearsal, not a real session.
        #[arg(long)]
        rehearsal: bool,
    },
    /// Convenes the committee from a table; names go to the vault only.
    Committee {
        /// The session.
        session: String,
        /// The CSV file.
        table: PathBuf,
    },
    /// Prepares a draw from tables; names go to the vault only.
    Draw {
        /// The session.
        session: String,
        /// The expert pool, a CSV file.
        #[arg(long)]
        pool: PathBuf,
        /// Who must not be drawn, a CSV file.
        #[arg(long)]
        recusals: Option<PathBuf>,
        /// Designated experts and tenderer representatives, a committee's table.
        #[arg(long)]
        named: Option<PathBuf>,
        /// A speciality and how many, as 房屋建筑=5; once for each.
        #[arg(long = "group", required = true, value_parser = group)]
        groups: Vec<(String, u8)>,
    },
    /// Prints a draw's nameless public record.
    DrawRecord {
        /// The session.
        session: String,
    },
    /// Makes a member's check-in code.
    Gate {
        /// The session.
        session: String,
        /// His mask's number; the ID number is read from standard input where none is given.
        #[arg(long)]
        member: Option<u8>,
    },
    /// Puts another person, the one row of a table, in a missing member's place.
    Replace {
        /// The session.
        session: String,
        /// Whose place.
        member: u8,
        /// The CSV file.
        table: PathBuf,
    },
    /// Makes a one-time code for a seat's workstation.
    EnrolmentCode {
        /// The seat.
        seat: u8,
    },
    /// The signed checkpoints of the running session.
    Checkpoint {
        #[command(subcommand)]
        task: CheckpointTask,
    },
    /// Archives from other venues, and their receipts.
    Handover {
        #[command(subcommand)]
        task: HandoverTask,
    },
    /// Gets what any GET route gives, e.g. `/metrics`.
    Get {
        /// The path.
        path: String,
    },
}

#[derive(Debug, Subcommand)]
enum CheckpointTask {
    /// Writes them onto the supervisor's USB stick, with a leaf that says how an archive is verified with them.
    Export {
        /// A folder, or a file that is not there yet.
        path: PathBuf,
    },
}

/// Does what was asked, and prints what came of it.
///
/// # Errors
/// The daemon does not run, or says no; its reason is passed on.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let socket = arguments.data.join("ctl.sock");
    let answer = match arguments.task {
        Task::Status => {
            let view = status(&socket).await?;
            if !arguments.json {
                return print(&summary(&view));
            }
            view
        }
        Task::Order {
            session,
            acting_as,
            id,
            words,
        } => {
            let order = order(session, id, &words)?;
            call(
                &socket,
                Method::POST,
                "/api/commands",
                "application/json",
                order.to_string(),
                acting_as,
            )
            .await?
        }
        Task::Plan {
            session,
            start,
            minutes,
            experts,
            representatives,
            rehearsal,
        } => {
            let kind = if rehearsal { "rehearsal" } else { "real" };
            let plan = json!({
                "id": session, "kind": kind, "start": moment(&start)?, "expected": minutes * 60_000,
                "experts": experts, "tenderer_representatives": representatives,
            });
            let order = json!({"id": new_id(), "session": session, "command": {"type": "plan_session", "plan": plan}});
            post(&socket, "/api/commands", order).await?
        }
        Task::Committee { session, table } => {
            let table =
                std::fs::read(&table).with_context(|| format!("reading {}", table.display()))?;
            let path = format!("/api/sessions/{session}/committee");
            call(&socket, Method::POST, &path, "text/csv", table, None).await?
        }
        Task::Draw {
            session,
            pool,
            recusals,
            named,
            groups,
        } => {
            let groups: Vec<Value> = groups
                .iter()
                .map(|(speciality, count)| json!({"speciality": speciality, "count": count}))
                .collect();
            let order = json!({
                "pool": file(&pool)?,
                "recusals": recusals.as_deref().map(file).transpose()?,
                "named": named.as_deref().map(file).transpose()?,
                "groups": groups,
            });
            post(&socket, &format!("/api/sessions/{session}/draw"), order).await?
        }
        Task::DrawRecord { session } => {
            let path = format!("/api/sessions/{session}/draw");
            serde_json::from_str(&get(&socket, &path).await?)?
        }
        Task::Gate { session, member } => {
            let who = match member {
                Some(member) => json!({"member": member}),
                // never an argument: other users of the box can read those
                None => json!({"id_number": read_line()?}),
            };
            post(&socket, &format!("/api/sessions/{session}/gate"), who).await?
        }
        Task::Replace {
            session,
            member,
            table,
        } => {
            let table = std::fs::read_to_string(&table)
                .with_context(|| format!("reading {}", table.display()))?;
            let path = format!("/api/sessions/{session}/replacement");
            post(&socket, &path, json!({"member": member, "table": table})).await?
        }
        Task::EnrolmentCode { seat } => {
            post(
                &socket,
                &format!("/api/seats/{seat}/enrolment-code"),
                Value::Null,
            )
            .await?
        }
        Task::Checkpoint {
            task: CheckpointTask::Export { path },
        } => {
            let lines = get(&socket, "/api/checkpoints").await?;
            let done = export(&path, &lines)?;
            json!({
                "file": done.file, "leaf": done.leaf, "checkpoints": done.checkpoints, "newest": done.newest,
            })
        }
        Task::Handover { task } => handover::run(&socket, task).await?,
        Task::Get { path } => {
            let text = get(&socket, &path).await?;
            return print(&format!("{}\n", text.trim_end()));
        }
    };
    print(&if arguments.json {
        format!("{answer}\n")
    } else {
        plain(&answer)
    })
}

/// `["begin", "break", "kind=rest"]` → `{"type": "begin_break", "kind": "rest"}`, ready to be sent.
fn order(session: Option<String>, id: Option<String>, words: &[String]) -> anyhow::Result<Value> {
    let mut name = Vec::new();
    let mut command = Map::new();
    for word in words {
        match word.split_once('=') {
            None if command.is_empty() => name.push(word.replace('-', "_")),
            None => bail!("'{word}' stands behind values; the command's words come first"),
            Some((key, value)) => {
                let value =
                    serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
                command.insert(key.to_owned(), value);
            }
        }
    }
    command.insert("type".to_owned(), Value::String(name.join("_")));
    Ok(json!({"id": id.unwrap_or_else(new_id), "session": session, "command": command}))
}

fn new_id() -> String {
    format!("ctl-{:032x}", rand::random::<u128>())
}

/// A moment in ms since 1970: `14:00` today, `+30m` from now, or RFC 3339.
fn moment(text: &str) -> anyhow::Result<i64> {
    if let Some(span) = text.strip_prefix('+') {
        let span: jiff::Span = span
            .parse()
            .with_context(|| format!("'{text}' is no span like +30m"))?;
        return Ok(jiff::ZonedDateTime::now()
            .checked_add(span)?
            .timestamp()
            .as_millisecond());
    }
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Ok(moment.as_millisecond());
    }
    let time: jiff::civil::Time = text
        .parse()
        .with_context(|| format!("'{text}' is no time like 14:00"))?;
    Ok(jiff::ZonedDateTime::now()
        .with()
        .time(time)
        .build()?
        .timestamp()
        .as_millisecond())
}

/// A file's bytes, as the request has them.
fn file(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(BASE64_STANDARD.encode(bytes))
}

/// `房屋建筑=5`.
fn group(text: &str) -> Result<(String, u8), String> {
    let parts = text.rsplit_once('=');
    let group = parts.and_then(|(name, count)| Some((name.to_owned(), count.parse().ok()?)));
    group.ok_or_else(|| "写成 房屋建筑=5 / write it as 房屋建筑=5".to_owned())
}

fn read_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The technician's view: the first event of its stream.
async fn status(socket: &Path) -> anyhow::Result<Value> {
    let mut answer = send(
        socket,
        Method::GET,
        "/api/live/technician",
        "",
        Vec::new(),
        None,
    )
    .await?;
    let mut text = Vec::new();
    while let Some(frame) = answer.body_mut().frame().await {
        text.extend_from_slice(&frame?.into_data().unwrap_or_default());
        let so_far = String::from_utf8_lossy(&text);
        let data = so_far
            .split_once("\n\n")
            .and_then(|(event, _)| event.lines().find_map(|line| line.strip_prefix("data:")));
        if let Some(data) = data {
            return Ok(serde_json::from_str(data.trim())?);
        }
    }
    bail!("the daemon ended its stream")
}

async fn post(socket: &Path, path: &str, body: Value) -> anyhow::Result<Value> {
    call(
        socket,
        Method::POST,
        path,
        "application/json",
        body.to_string(),
        None,
    )
    .await
}

pub(super) async fn call(
    socket: &Path,
    method: Method,
    path: &str,
    kind: &str,
    body: impl Into<Vec<u8>>,
    acting_as: Option<String>,
) -> anyhow::Result<Value> {
    let answer = send(socket, method, path, kind, body.into(), acting_as).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).context("the daemon's answer is no JSON")
}

async fn get(socket: &Path, path: &str) -> anyhow::Result<String> {
    let answer = send(socket, Method::GET, path, "", Vec::new(), None).await?;
    Ok(String::from_utf8_lossy(&answer.into_body().collect().await?.to_bytes()).into_owned())
}

/// Sends a request; an answer that is a no becomes an error with the daemon's reason.
pub(super) async fn send(
    socket: &Path,
    method: Method,
    path: &str,
    kind: &str,
    body: Vec<u8>,
    acting_as: Option<String>,
) -> anyhow::Result<hyper::Response<hyper::body::Incoming>> {
    let stream = UnixStream::connect(socket).await.with_context(|| {
        format!(
            "no daemon answers at {}; is it running with this --data?",
            socket.display()
        )
    })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "bidroom");
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    if let Some(role) = acting_as {
        request = request.header("bidroom-as", role);
    }
    let request = request.body(Full::new(Bytes::from(body)))?;
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await?;
    // it goes on to carry the body after this function
    driver.detach_all();
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    bail!("{}", reason(status, &body))
}

fn reason(status: StatusCode, body: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<Value>(body) else {
        return format!("{status}: {}", String::from_utf8_lossy(body));
    };
    let title = problem["title"].as_str().unwrap_or_default();
    let rows = problem["rows"].as_array().into_iter().flatten();
    let rows: Vec<String> = rows
        .map(|row| {
            format!(
                "\n  line {}, {}: {}",
                row["line"], row["column"], row["code"]
            )
        })
        .collect();
    format!(
        "{title} [{}]{}",
        problem["code"].as_str().unwrap_or_default(),
        rows.concat()
    )
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "JSON of any other kind is shown as it is"
)]
fn summary(view: &Value) -> String {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let mut lines = vec![format!(
        "{} · {} · seq {}",
        text(&view["room"]["name"]),
        text(&view["room"]["city"]),
        view["seq"]
    )];
    match &view["session"] {
        Value::Null => lines.push("no session is planned".to_owned()),
        session => lines.push(format!(
            "session {} ({}): {}",
            text(&session["id"]),
            text(&session["kind"]),
            text(&session["phase"])
        )),
    }
    lines.push(format!(
        "recordings: {} of {}",
        view["recording"]["writing"], view["recording"]["wanted"]
    ));
    for alarm in view["alarms"].as_array().into_iter().flatten() {
        lines.push(format!("alarm: {}", alarm["what"]));
    }
    for action in view["actions"].as_array().into_iter().flatten() {
        let name = text(&action["action"]).replace('_', " ");
        let reason = match action["allowed"].as_bool() {
            Some(true) => "can be done".to_owned(),
            _ => format!(
                "not now: {}",
                text(&action["refusal"]["code"]).replace('_', " ")
            ),
        };
        lines.push(format!("  {name}: {reason}"));
    }
    lines.join("\n") + "\n"
}

/// A flat answer as lines.
fn plain(answer: &Value) -> String {
    let Value::Object(fields) = answer else {
        return format!("{answer}\n");
    };
    let line = |(key, value): (&String, &Value)| match value.as_str() {
        Some(text) => format!("{key}: {text}\n"),
        None => format!("{key}: {value}\n"),
    };
    fields.iter().map(line).collect()
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
