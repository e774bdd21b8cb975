//! WHIP and WHEP as HTTP: every status of RFC 9725, to a client that does something wrong.

use crate::offers::{PUBLISH, watch};
use crate::room::{Room, loopback};
use bidroom::media::peer::Settings;
use reqwest::{Client, Method, Response};
use serde_json::Value;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const CANDIDATE: &str = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\nm=video 9 UDP/TLS/RTP/SAVPF 0\r\n\
    a=mid:0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n";

struct Asking<'a> {
    room: &'a Room,
    client: Client,
}

impl Asking<'_> {
    async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self
            .client
            .request(method, self.room.url(path))
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.bearer_auth("seat-1");
        }
        request.send().await.unwrap()
    }

    /// Expects a status and, with a problem, its code.
    async fn expect(
        &self,
        status: u16,
        code: &str,
        request: (&str, &str, &[(&str, &str)], &str),
    ) -> Response {
        let (method, path, headers, body) = request;
        let answer = self.ask(method, path, headers, body).await;
        assert_eq!(
            answer.status().as_u16(),
            status,
            "{method} {path} {headers:?}"
        );
        if code.is_empty() {
            return answer;
        }
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let headers = answer.headers().clone();
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code, "{problem}");
        assert!(
            problem["title"].as_str().is_some_and(|t| !t.is_empty()),
            "{problem}"
        );
        let mut again = axum::http::Response::new("");
        *again.headers_mut() = headers;
        again.into()
    }
}

#[tokio::test]
async fn every_fault_of_a_client_has_its_status() {
    let room = Room::start(Settings {
        publishers: 2,
        viewers: 1,
        ..loopback()
    })
    .await;
    let asking = Asking {
        room: &room,
        client: Client::new(),
    };
    let typed: &[(&str, &str)] = &[("content-type", SDP)];
    let face = "/api/whip/seat-1-face";

    let options = asking
        .expect(
            204,
            "",
            ("OPTIONS", face, &[("origin", "https://elsewhere")], ""),
        )
        .await;
    assert_eq!(options.headers()["accept-post"], SDP);
    assert_eq!(options.headers()["allow"], "POST, OPTIONS");
    assert!(
        options
            .headers()
            .get("access-control-allow-origin")
            .is_none(),
        "other origins are denied"
    );

    for method in ["GET", "PUT", "DELETE"] {
        let answer = asking
            .expect(405, "method_not_allowed", (method, face, &[], ""))
            .await;
        assert_eq!(answer.headers()["allow"], "POST, OPTIONS");
    }
    let no_h264 = PUBLISH.replace("H264", "H265");
    let high_only = PUBLISH.replace(
        "packetization-mode=1;profile-level-id=42e01f",
        "packetization-mode=1;profile-level-id=f4001f",
    );
    let not_bundled = PUBLISH.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    let not_sent = PUBLISH.replace("a=sendonly", "a=recvonly");
    let no_credentials = PUBLISH.replace("a=ice-pwd", "a=x-pwd");
    let large = format!("{PUBLISH}{}", "a=x:y\r\n".repeat(10_000));
    let torn = PUBLISH.replace("s=-\r\n", "session\r\n");
    let control = PUBLISH.replace("s=-\r\n", "s=a\rb=c\r\n");
    // the box answers as DTLS server only
    let passive = PUBLISH.replace("actpass", "passive");
    let one_mid = PUBLISH.replace("a=mid:1", "a=mid:0");
    // as others write it: a session without a name, another group first, numbers twice
    let unusual = PUBLISH
        .replace("s=-\r\n", "s= \r\n")
        .replace("a=group:", "a=group:LS 0 1\r\na=group:")
        .replace("SAVPF 96 ", "SAVPF 104 96 104 ");
    let charset: &[(&str, &str)] = &[
        ("content-type", "Application/SDP; charset=utf-8"),
        ("accept", "text/html, application/*;q=0.1"),
    ];
    for (status, code, path, headers, body) in [
        (
            401,
            "sign_in_first",
            face,
            &[("content-type", SDP), ("authorization", "Basic x")][..],
            PUBLISH,
        ),
        (404, "not_found", "/api/whip/seat-9-face", typed, PUBLISH),
        (404, "not_found", "/api/whip/Seat_1", typed, PUBLISH),
        (
            415,
            "wrong_content_type",
            face,
            &[("content-type", "application/json")],
            PUBLISH,
        ),
        (415, "wrong_content_type", face, &[], PUBLISH),
        (
            406,
            "answer_not_accepted",
            face,
            &[("content-type", SDP), ("accept", "text/html")],
            PUBLISH,
        ),
        (
            406,
            "answer_not_accepted",
            face,
            &[("content-type", SDP), ("accept", "application/sdp;q=0")],
            PUBLISH,
        ),
        (400, "empty_body", face, typed, ""),
        (400, "bad_sdp", face, typed, "hello"),
        (400, "bad_sdp", face, typed, torn.as_str()),
        (400, "bad_sdp", face, typed, control.as_str()),
        (422, "not_acceptable", face, typed, passive.as_str()),
        (422, "not_acceptable", face, typed, one_mid.as_str()),
        (413, "body_too_large", face, typed, large.as_str()),
        (
            422,
            "not_acceptable",
            face,
            typed,
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
        ),
        (422, "not_acceptable", face, typed, no_h264.as_str()),
        (422, "not_acceptable", face, typed, high_only.as_str()),
        (422, "not_acceptable", face, typed, not_bundled.as_str()),
        (422, "not_acceptable", face, typed, not_sent.as_str()),
        (422, "not_acceptable", face, typed, no_credentials.as_str()),
        (
            422,
            "not_acceptable",
            "/api/whep/seat-1-face",
            typed,
            no_h264.replace("sendonly", "recvonly").as_str(),
        ),
    ] {
        asking
            .expect(status, code, ("POST", path, headers, body))
            .await;
    }
    let named = asking
        .ask("POST", face, typed, &torn)
        .await
        .json::<Value>()
        .await
        .unwrap();
    assert!(
        named["title"].as_str().unwrap().contains("line 3"),
        "the fault's place is named: {named}"
    );
    assert_eq!(
        room.peers.counts().publishers,
        0,
        "no place is kept by what was refused"
    );

    let created = asking
        .expect(201, "", ("POST", face, charset, &unusual))
        .await;
    assert_eq!(created.headers()["content-type"], SDP);
    let location = created.headers()["location"].to_str().unwrap().to_owned();
    let etag = created.headers()["etag"].to_str().unwrap().to_owned();
    assert!(
        location.starts_with("/api/whip/seat-1-face/") && etag.starts_with('"'),
        "{location} {etag}"
    );
    let answer = created.text().await.unwrap();
    assert!(
        answer.contains("a=setup:passive") && answer.contains("a=recvonly"),
        "{answer}"
    );
    assert!(
        answer.contains("m=video 9 UDP/TLS/RTP/SAVPF 104 109\r\n"),
        "one H.264 and its repair: {answer}"
    );
    let port = room.peers.udp_port().unwrap();
    assert_eq!(
        answer
            .matches(&format!("127.0.0.1 {port} typ host"))
            .count(),
        1,
        "{answer}"
    );

    let other: &[(&str, &str)] = &[("content-type", SDP), ("authorization", "Bearer seat-2")];
    asking
        .expect(409, "feed_taken", ("POST", face, other, PUBLISH))
        .await;

    // PATCH
    let as_fragment = ("content-type", FRAGMENT);
    let right = ("if-match", etag.as_str());
    let other = ("authorization", "Bearer seat-2");
    let nowhere = "/api/whip/seat-1-face/00000000000000000000000000000000";
    let elsewhere = location.replace("seat-1-face", "seat-1-screen");
    for (status, code, path, headers, body) in [
        (
            428,
            "if_match_needed",
            location.as_str(),
            &[as_fragment][..],
            CANDIDATE,
        ),
        (
            412,
            "session_changed",
            &location,
            &[as_fragment, ("if-match", "\"old\"")],
            CANDIDATE,
        ),
        (
            415,
            "wrong_content_type",
            &location,
            &[("content-type", SDP), right],
            CANDIDATE,
        ),
        (400, "empty_body", &location, &[as_fragment, right], ""),
        (
            400,
            "bad_sdp",
            &location,
            &[as_fragment, right],
            "a=candidate:1\r\n",
        ),
        (
            404,
            "unknown_session",
            nowhere,
            &[as_fragment, right],
            CANDIDATE,
        ),
        (
            404,
            "unknown_session",
            &elsewhere,
            &[as_fragment, right],
            CANDIDATE,
        ),
        (
            404,
            "unknown_session",
            &location,
            &[as_fragment, right, other],
            CANDIDATE,
        ),
    ] {
        asking
            .expect(status, code, ("PATCH", path, headers, body))
            .await;
    }
    asking
        .expect(
            204,
            "",
            ("PATCH", &location, &[as_fragment, right], CANDIDATE),
        )
        .await;
    let restart = CANDIDATE
        .replace("abcd\r\n", "wxyz\r\n")
        .replace("abcdefgh", "ABCDEFGH");
    let restarted = asking
        .expect(
            200,
            "",
            (
                "PATCH",
                &location,
                &[as_fragment, ("if-match", "*")],
                &restart,
            ),
        )
        .await;
    assert_eq!(restarted.headers()["content-type"], FRAGMENT);
    assert_ne!(restarted.headers()["etag"].to_str().unwrap(), etag);
    let fragment = restarted.text().await.unwrap();
    assert!(
        fragment.contains("a=ice-ufrag:") && !answer.contains(fragment.lines().next().unwrap()),
        "{fragment}"
    );
    asking
        .expect(
            412,
            "session_changed",
            ("PATCH", &location, &[as_fragment, right], CANDIDATE),
        )
        .await;

    // the resource's other methods, and its end
    let options = asking
        .expect(204, "", ("OPTIONS", &location, &[], ""))
        .await;
    assert_eq!(options.headers()["accept-patch"], FRAGMENT);
    for method in ["GET", "POST", "PUT"] {
        let answer = asking
            .expect(405, "method_not_allowed", (method, &location, &[], ""))
            .await;
        assert_eq!(answer.headers()["allow"], "PATCH, DELETE, OPTIONS");
    }
    asking
        .expect(404, "unknown_session", ("DELETE", &location, &[other], ""))
        .await;
    asking.expect(200, "", ("DELETE", &location, &[], "")).await;
    asking
        .expect(404, "unknown_session", ("DELETE", &location, &[], ""))
        .await;
    assert_eq!(room.peers.counts().publishers, 0);

    // limits
    let offer = watch();
    asking
        .expect(201, "", ("POST", "/api/whep/seat-1-face", typed, &offer))
        .await;
    let full = asking
        .expect(
            503,
            "too_many_connections",
            ("POST", "/api/whep/camera-1?layer=small", typed, &offer),
        )
        .await;
    assert!(
        full.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap()
            > 0
    );
    assert_eq!(
        asking
            .ask("POST", "/api/whep/camera-1?layer=huge", typed, &offer)
            .await
            .status(),
        400
    );
}
