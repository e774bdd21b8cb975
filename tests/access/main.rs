//! Who gets where: every route × everybody who might ask, against a table written by hand; and that one seat is not
//! another's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::unused_async,
    reason = "a test ends by panicking, and reads the clock for its deadlines"
)]

#[path = "../support/mod.rs"]
mod support;

use bidroom::console::routes::{Method as RouteMethod, ROUTES, Route};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use support::{Browser, Room, committee};

/// Who may use which route. What is not named here must be refused with 401 (nobody) or 403 (somebody else).
const TABLE: &str = "
GET /healthz: all
GET /metrics: metrics-token local
GET /api/openapi.json: all
GET /api/asyncapi.yaml: all
GET /api/hub-schemas.json: all
GET /api/ca.pem: all
GET /api/welcome: all
POST /api/sign-in: all
POST /api/sign-out: technician supervisor system security audit bidder
POST /api/unlock: technician supervisor system security audit bidder
POST /api/password: technician supervisor system security audit bidder
POST /api/factor: technician supervisor system security audit bidder
POST /api/factor/confirmation: technician supervisor system security audit bidder
POST /api/enrolment: all
POST /api/check-in: workstation member
POST /api/commands: technician supervisor system security audit bidder workstation member local
GET /api/live/technician: technician local
GET /api/live/supervisor: supervisor
GET /api/live/seat: workstation member
POST /api/sessions/{session}/committee: technician local
POST /api/sessions/{session}/draw: technician local
GET /api/sessions/{session}/notice/{piece}: technician supervisor local
GET /api/sessions/{session}/draw: technician supervisor local
POST /api/sessions/{session}/replacement: technician local
POST /api/sessions/{session}/gate: technician local
POST /api/seats/{seat}/enrolment-code: technician local
GET /api/workstations: technician local
GET /api/checkpoints: technician supervisor local
GET /api/checkpoints/newest: technician supervisor local
POST /api/handovers/received: local
POST /api/handovers/receipts: local
GET /api/recordings: supervisor
GET /api/recordings/{session}: supervisor
GET /api/recordings/{session}/detection: supervisor
GET /api/recordings/{session}/{feed}/{file}: supervisor
POST /api/recordings/{session}/{feed}/stills: supervisor
GET /api/recordings/{session}/clip: supervisor
GET /api/accounts: system security
POST /api/accounts: system
POST /api/accounts/{account}: system security
GET /api/tokens: security
POST /api/tokens: security
DELETE /api/tokens/{token}: security
GET /api/audit: audit
GET /api/audit/verification: audit
OPTIONS /api/whip/{feed}: all
POST /api/whip/{feed}: member publish-token
OPTIONS /api/whip/{feed}/{resource}: all
PATCH /api/whip/{feed}/{resource}: known
DELETE /api/whip/{feed}/{resource}: known
OPTIONS /api/whep/{feed}: all
POST /api/whep/{feed}: technician supervisor member view-token local
OPTIONS /api/whep/{feed}/{resource}: all
PATCH /api/whep/{feed}/{resource}: known
DELETE /api/whep/{feed}/{resource}: known
";

const EVERYBODY: [&str; 13] = [
    "nobody",
    "technician",
    "supervisor",
    "system",
    "security",
    "audit",
    "bidder",
    "workstation",
    "member",
    "publish-token",
    "view-token",
    "metrics-token",
    "local",
];

fn table() -> BTreeMap<(String, String), BTreeSet<String>> {
    let lines = TABLE.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (route, who) = line.split_once(": ").expect("a colon");
            let (method, path) = route.split_once(' ').expect("a method");
            let who = who.split(' ').flat_map(|who| match who {
                "all" => EVERYBODY.to_vec(),
                "known" => EVERYBODY[1..].to_vec(),
                one => vec![one],
            });
            (
                (method.to_owned(), path.to_owned()),
                who.map(str::to_owned).collect(),
            )
        })
        .collect()
}

fn method(route: &Route) -> Method {
    match route.method {
        RouteMethod::Get => Method::GET,
        RouteMethod::Post => Method::POST,
        RouteMethod::Patch => Method::PATCH,
        RouteMethod::Delete => Method::DELETE,
        RouteMethod::Options => Method::OPTIONS,
    }
}

async fn everybody(room: &Room) -> BTreeMap<&'static str, Browser> {
    let mut all = BTreeMap::from([("nobody", room.browser())]);
    for account in ["technician", "supervisor", "system", "security", "audit"] {
        all.insert(account, room.signed_in(account).await);
    }
    let made = all["system"]
        .post("/api/accounts", json!({"id": "bidder", "role": "bidder"}))
        .await;
    let made: serde_json::Value = made.json().await.expect("JSON");
    let bidder = room.browser();
    bidder
        .sign_in_first("bidder", made["password"].as_str().expect("a password"))
        .await;
    all.insert("bidder", bidder);

    let seats = room.rehearsal(
        "R-1",
        &committee(&["张三丰", "李四光", "王五六", "赵六七", "钱七八"]),
    );
    let (member, seat) = seats[0];
    let at_seat = room.workstation(seat).await;
    let code = room.ctl(&["gate", "R-1", "--member", &member.to_string()]);
    let checked = at_seat
        .post("/api/check-in", json!({"code": code["code"]}))
        .await;
    assert_eq!(
        checked.status(),
        StatusCode::OK,
        "{}",
        checked.text().await.unwrap_or_default()
    );
    all.insert("member", at_seat);
    let empty = (1..=9)
        .find(|no| seats.iter().all(|(_, taken)| taken != no))
        .expect("an empty seat");
    all.insert("workstation", room.workstation(empty).await);

    for (name, scope) in [
        (
            "publish-token",
            json!({"publish": format!("seat-{seat}-face")}),
        ),
        ("view-token", json!({"view": format!("seat-{seat}-face")})),
        ("metrics-token", json!("metrics")),
    ] {
        let made = all["security"]
            .post(
                "/api/tokens",
                json!({"name": name, "scopes": [scope], "expires": null}),
            )
            .await;
        assert_eq!(
            made.status(),
            StatusCode::OK,
            "{name}: {}",
            made.text().await.unwrap_or_default()
        );
        let made = all["security"]
            .post(
                "/api/tokens",
                json!({"name": format!("{name} 2"), "scopes": [scope], "expires": null}),
            )
            .await;
        let made: serde_json::Value = made.json().await.expect("JSON");
        all.insert(
            name,
            room.browser()
                .with_token(made["token"].as_str().expect("a token")),
        );
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_names() {
    let room = Room::start().await;
    let all = everybody(&room).await;
    let table = table();
    let seat = all["member"].get_json("/api/welcome").await["caller"]["seat"].clone();
    let mut wrong = Vec::new();
    for route in ROUTES {
        let key = (method(route).to_string(), route.path.to_owned());
        let allowed = table
            .get(&key)
            .unwrap_or_else(|| panic!("{key:?} is not in the table"));
        // signing out would end what the next rows need
        if route.path == "/api/sign-out" {
            continue;
        }
        let path = route
            .path
            .replace("{session}", "R-1")
            .replace("{seat}", "1")
            .replace("{account}", "nobody-here")
            .replace("{token}", "999999")
            .replace("{feed}", &format!("seat-{seat}-face"))
            .replace("{resource}", &"0".repeat(32))
            .replace("{file}", "20261124T000000.000Z.mp4")
            .replace("{piece}", "notice");
        for who in EVERYBODY {
            let status = match who {
                "local" => local_status(&room, route, &path).await,
                who => {
                    let sent = all[who]
                        .request(method(route), &path)
                        .body("")
                        .send()
                        .await
                        .expect("an answer");
                    sent.status()
                }
            };
            let refused = status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN;
            let expected = allowed.contains(who);
            // wrong passwords and codes are refused to everybody, by access and not by the door
            let by_content = [
                "/api/sign-in",
                "/api/unlock",
                "/api/enrolment",
                "/api/check-in",
            ]
            .contains(&route.path);
            if refused == expected && !(expected && by_content) {
                wrong.push(format!(
                    "{who} {} {path}: {status}, expected {expected}",
                    key.0
                ));
            }
            let nobody = who == "nobody" && refused;
            if nobody && status != StatusCode::UNAUTHORIZED {
                wrong.push(format!("nobody {} {path}: {status} instead of 401", key.0));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        table.len(),
        ROUTES.len(),
        "the table names routes that are none"
    );
}

/// Somebody on the box, over the control socket.
async fn local_status(room: &Room, route: &Route, path: &str) -> StatusCode {
    use hyper_util::rt::TokioIo;
    let stream = tokio::net::UnixStream::connect(room.data().join("ctl.sock"))
        .await
        .expect("the socket");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, String>(TokioIo::new(stream))
            .await
            .expect("http");
    let driver = tokio::spawn(connection);
    let request = hyper::Request::builder()
        .method(method(route).as_str())
        .uri(path)
        .header("host", "box");
    let answer = sender
        .send_request(request.body(String::new()).expect("a request"))
        .await
        .expect("an answer");
    let status = answer.status();
    driver.abort();
    StatusCode::from_u16(status.as_u16()).expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_seats_browser_is_not_anothers() {
    let room = Room::start().await;
    let seats = room.rehearsal(
        "R-1",
        &committee(&["张三丰", "李四光", "王五六", "赵六七", "钱七八"]),
    );
    let ((first, seat), (_, other)) = (seats[0], seats[1]);
    let mine = room.workstation(seat).await;
    let foreign = room.workstation(other).await;
    // publishing as another seat is refused; as oneself it fails only for the empty offer
    let publish = |browser: &Browser, seat: u8| {
        let path = format!("/api/whip/seat-{seat}-face");
        browser
            .request(Method::POST, &path)
            .header("content-type", "application/sdp")
            .body("v=0\r\n")
    };
    assert_eq!(
        publish(&foreign, seat)
            .send()
            .await
            .expect("answer")
            .status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        publish(&mine, seat).send().await.expect("answer").status(),
        StatusCode::BAD_REQUEST
    );
    // the code is good at its own seat only, once, and not for ever
    let code = room.ctl(&["gate", "R-1", "--member", &first.to_string()])["code"].clone();
    let wrong = foreign.post("/api/check-in", json!({"code": code})).await;
    assert_eq!(wrong.status(), StatusCode::CONFLICT);
    let problem: serde_json::Value = wrong.json().await.expect("JSON");
    assert_eq!(
        problem["refusal"],
        json!({"code": "wrong_seat", "yours": seat})
    );
    assert_eq!(
        mine.post("/api/check-in", json!({"code": code}))
            .await
            .status(),
        StatusCode::OK
    );
    let again = mine
        .post("/api/check-in", json!({"code": code}))
        .await
        .status();
    assert_ne!(again, StatusCode::OK, "a code is good once");
    // a member acts for himself only
    let pledge = json!({"type": "sign_pledge", "pledge": "integrity"});
    mine.carry_out("R-1", pledge.clone()).await;
    assert_eq!(
        foreign.order("R-1", pledge).await.status(),
        StatusCode::FORBIDDEN
    );
    // the seat's place is lost with its enrolment
    room.ctl(&["order", "revoke", "workstation", &format!("seat={seat}")]);
    assert_eq!(
        publish(&mine, seat).send().await.expect("answer").status(),
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_page_cannot_use_our_cookies() {
    let room = Room::start().await;
    let technician = room.signed_in("technician").await;
    let order = json!({"id": "x-1", "session": null, "command": {"type": "run_preflight"}});
    let foreign = technician
        .request(Method::POST, "/api/commands")
        .header("origin", "https://evil.example")
        .json(&order);
    assert_eq!(
        foreign.send().await.expect("answer").status(),
        StatusCode::FORBIDDEN
    );
    let own = technician
        .request(Method::POST, "/api/commands")
        .header("origin", room.url(""))
        .json(&order);
    assert_eq!(own.send().await.expect("answer").status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_wrong_password_locks_the_account() {
    let room = Room::start().await;
    room.signed_in("technician").await;
    let stranger = room.browser();
    let wrong = json!({"account": "technician", "password": "not the password"});
    for _ in 0..5 {
        assert_eq!(
            stranger.post("/api/sign-in", wrong.clone()).await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    let right = json!({"account": "technician", "password": support::PASSWORD});
    let locked = stranger.post("/api/sign-in", right.clone()).await;
    assert_eq!(locked.status(), StatusCode::TOO_MANY_REQUESTS);
    let security = room.signed_in("security").await;
    let lifted = security
        .post("/api/accounts/technician", json!({"act": "unlock"}))
        .await;
    assert_eq!(lifted.status(), StatusCode::OK);
    assert_eq!(
        stranger.post("/api/sign-in", right).await.status(),
        StatusCode::OK
    );
    // all of it stands in the audit trail, which is whole
    let audit = room.signed_in("audit").await;
    let rows = audit.get_json("/api/audit?kind=sign-in").await;
    let failed = rows
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["result"] != "done")
        .count();
    assert!(failed >= 6, "{rows}");
    assert_eq!(
        audit.get_json("/api/audit/verification").await["fault"],
        json!(null)
    );
}
