//! Owns the OpenAPI 3.1 document: written from the table of routes and the wire types, so that it cannot drift.

use super::routes::{Body, CITY_ROUTES, Method, ROUTES, Route, Who};
use super::wire::Problem;
use crate::hub::contract;
use axum::http::header;
use axum::response::IntoResponse;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What rooms and hubs say to each other, as an AsyncAPI 3 document in YAML.
pub fn asyncapi() -> String {
    contract::yaml(&contract::document())
}

/// `GET /api/asyncapi.yaml`.
pub(super) async fn serve_asyncapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/yaml")], asyncapi())
}

/// The document.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().chain(of_hub_alone()) {
        let mut operation = json!({
            "operationId": operation_id(route),
            "summary": route.summary,
            "parameters": parameters(route.path),
            "responses": {
                success(route): response(route, content(route.gives, &mut generator)),
                "default": {
                    "description": "Why it was not done",
                    "content": {"application/problem+json": {"schema": problem}},
                },
            },
            "security": security(route.who),
        });
        let takes = content(route.takes, &mut generator);
        if !takes.is_empty() {
            operation["requestBody"] = json!({"required": true, "content": takes});
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.word()] = operation;
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "bidroom",
            "description": "The daemon of a remote bid-evaluation room",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "sign_in": {"type": "apiKey", "in": "cookie", "name": "__Host-bidroom"},
                "workstation": {"type": "apiKey", "in": "cookie", "name": "__Host-workstation"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

/// The hub's own routes; where a room has the same one, the room's row describes both.
fn of_hub_alone() -> impl Iterator<Item = &'static Route> {
    let of_rooms = |route: &&Route| ROUTES.iter().any(|other| other.endpoint == route.endpoint);
    CITY_ROUTES.iter().filter(move |route| !of_rooms(route))
}

fn operation_id(route: &Route) -> String {
    let name = format!("{:?}", route.endpoint);
    name[..1].to_lowercase() + &name[1..]
}

fn success(route: &Route) -> &'static str {
    match (route.method, route.gives) {
        (Method::Post, Body::Media("application/sdp")) => "201",
        (_, Body::Empty) => "204",
        _ => "200",
    }
}

fn response(route: &Route, content: Map<String, Value>) -> Value {
    if content.is_empty() {
        return json!({"description": route.summary});
    }
    json!({"description": route.summary, "content": content})
}

fn content(body: Body, generator: &mut schemars::SchemaGenerator) -> Map<String, Value> {
    let (kind, schema) = match body {
        Body::Empty => return Map::new(),
        Body::Json(schema) => ("application/json", schema(generator).to_value()),
        Body::Events(schema) => ("text/event-stream", schema(generator).to_value()),
        Body::Media(kind) => (kind, json!({"type": "string"})),
    };
    Map::from_iter([(kind.to_owned(), json!({"schema": schema}))])
}

fn parameters(path: &str) -> Vec<Value> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect()
}

fn security(who: Who) -> Value {
    match who {
        Who::Anybody | Who::Local => json!([]),
        Who::Seat => json!([{"workstation": []}]),
        Who::Metrics => json!([{"token": []}]),
        Who::Viewers | Who::Publishers | Who::Owner => {
            json!([{"sign_in": []}, {"workstation": []}, {"token": []}])
        }
        Who::Actors => json!([{"sign_in": []}, {"workstation": []}]),
        Who::SignedIn
        | Who::Technician
        | Who::Supervisor
        | Who::TechnicianOrSupervisor
        | Who::SystemAdministrator
        | Who::SecurityAdministrator
        | Who::AccountAdministrators
        | Who::AuditAdministrator => json!([{"sign_in": []}]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reference_is_defined() {
        let document = document();
        let defined = document["components"]["schemas"]
            .as_object()
            .expect("schemas");
        let text = document.to_string();
        let used: BTreeSet<&str> = text
            .split("\"#/components/schemas/")
            .skip(1)
            .map(|rest| rest.split('"').next().expect("a name"))
            .collect();
        let missing: Vec<_> = used
            .into_iter()
            .filter(|name| !defined.contains_key(*name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(defined.contains_key("RoomView") && defined.contains_key("Command"));
    }

    #[test]
    fn every_route_stands_once() {
        let mut seen = BTreeSet::new();
        for route in ROUTES {
            assert!(
                seen.insert((route.method.word(), route.path)),
                "{} twice",
                route.path
            );
        }
    }
}
