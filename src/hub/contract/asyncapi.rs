//! Owns the AsyncAPI 3 document and the messages' JSON Schemas: written from the topics and the types, so that they cannot drift.

use super::envelope::{Envelope, LARGEST, Payload};
use super::messages::{
    AttendanceStatement, HubCommand, HubPresence, JournalLine, Presence, Receipt, Reply,
};
use super::signed::Signed;
use super::state::PublicState;
use super::topics::Kind;
use crate::archive::checkpoints::SignedCheckpoint;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// A message of the contract.
struct Described {
    /// Its name, and its channel's.
    name: &'static str,
    kind: &'static str,
    /// The topic under the city.
    topic: String,
    /// Whether rooms send it, or the hub.
    by_rooms: bool,
    retained: bool,
    /// MQTT's quality of service.
    qos: u8,
    summary: &'static str,
    schema: fn(&mut SchemaGenerator) -> schemars::Schema,
}

fn described<T: Payload>(
    name: &'static str,
    (topic, by_rooms, retained, qos): (String, bool, bool, u8),
    summary: &'static str,
) -> Described
where
    Envelope<T>: JsonSchema,
{
    Described {
        name,
        kind: T::TYPE,
        topic,
        by_rooms,
        retained,
        qos,
        summary,
        schema: |generator| generator.subschema_for::<Envelope<T>>(),
    }
}

fn messages() -> Vec<Described> {
    let of = |kind: Kind| format!("{{room}}/{}", kind.word());
    vec![
        described::<Presence>(
            "presence",
            (of(Kind::Presence), true, true, 1),
            "Whether the room is there; the broker publishes its death (last will)",
        ),
        described::<PublicState>(
            "state",
            (of(Kind::State), true, true, 0),
            "What anybody in the city may know of the room, at most 2 s old",
        ),
        described::<JournalLine>(
            "event",
            (of(Kind::Events), true, false, 1),
            "A journal entry: at least once, in order of seq, until a receipt covers it",
        ),
        described::<SignedCheckpoint>(
            "checkpoint",
            (of(Kind::Checkpoints), true, false, 1),
            "Where journal and recordings stood, signed by the box, for a witness to keep",
        ),
        described::<AttendanceStatement>(
            "statement",
            (of(Kind::Statements), true, false, 1),
            "Who was there, for fees and assessment: encrypted to the pool's owner, sent until a receipt names it",
        ),
        described::<Reply>(
            "reply",
            (of(Kind::Replies), true, false, 1),
            "What became of a command",
        ),
        described::<Signed<Receipt>>(
            "receipt",
            (of(Kind::Receipt), false, true, 1),
            "How far the hub has stored the room's entries: the room lets go of them on this alone",
        ),
        described::<Signed<HubCommand>>(
            "command",
            (of(Kind::Commands), false, false, 1),
            "What the room is asked: signed, bound to the room, expiring, carried out once",
        ),
        described::<HubPresence>(
            "hub_presence",
            ("hub/presence".to_owned(), false, true, 1),
            "Whether the hub is there: rooms send entries only while it is",
        ),
    ]
}

/// The JSON Schema (draft 2020-12) of each message, by its CloudEvents type.
pub fn schemas() -> Map<String, Value> {
    let mut all = Map::new();
    for message in messages() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let schema = (message.schema)(&mut generator);
        let definitions = generator.take_definitions(true);
        let mut whole = typed(&definitions, &schema.to_value(), message.kind, "#/$defs/");
        whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        whole["$id"] = json!(format!("urn:bidroom:{}", message.kind));
        whole["$defs"] = Value::Object(definitions);
        all.insert(message.kind.to_owned(), whole);
    }
    all
}

/// The envelope's schema itself, with its fixed values.
fn typed(definitions: &Map<String, Value>, schema: &Value, kind: &str, prefix: &str) -> Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|to| to.strip_prefix(prefix));
    let mut whole = match name.and_then(|name| definitions.get(name)) {
        Some(definition) => definition.clone(),
        None => schema.clone(),
    };
    whole["properties"]["type"] = json!({"const": kind});
    whole["properties"]["specversion"] = json!({"const": "1.0"});
    whole
}

/// What MQTT 5 says beside a message. 3.1.1 leaves it out: the messages hold the same.
fn beside(name: &str) -> Option<Value> {
    let command = json!({"type": "string", "description": "The command's id"});
    match name {
        "command" => Some(json!({
            "responseTopic": "bidroom/v1/{city}/{room}/replies",
            "correlationData": command,
            "bindingVersion": "0.2.0",
        })),
        "reply" => Some(json!({"correlationData": command, "bindingVersion": "0.2.0"})),
        _ => None,
    }
}

/// The AsyncAPI 3 document.
pub fn document() -> Value {
    let prefix = "#/components/schemas/";
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let described: Vec<_> = messages()
        .into_iter()
        .map(|message| {
            let schema = (message.schema)(&mut generator).to_value();
            (message, schema)
        })
        .collect();
    let schemas = generator.take_definitions(true);
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for (message, schema) in described {
        let name = message.name;
        let payload = typed(&schemas, &schema, message.kind, prefix);
        let mut described = json!({
            "name": message.kind,
            "summary": message.summary,
            "contentType": "application/cloudevents+json",
            "payload": payload,
        });
        if let Some(beside) = beside(name) {
            described["bindings"] = json!({"mqtt": beside});
        }
        messages.insert(name.to_owned(), described);
        let mut parameters = json!({"city": {"description": "The city, as all its rooms name it: lower-case letters, digits and '-'"}});
        if message.topic.contains("{room}") {
            parameters["room"] = json!({"description": "The room's id: lower-case letters, digits and '-'; never 'hub'"});
        }
        channels.insert(
            name.to_owned(),
            json!({
                "address": format!("bidroom/v1/{{city}}/{}", message.topic),
                "description": message.summary,
                "parameters": parameters,
                "messages": {name: {"$ref": format!("#/components/messages/{name}")}},
                "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
            }),
        );
        // as the document's owner, a room, sees it
        let action = if message.by_rooms { "send" } else { "receive" };
        operations.insert(
            format!("{action}_{name}"),
            json!({
                "action": action,
                "summary": message.summary,
                "channel": {"$ref": format!("#/channels/{name}")},
                "messages": [{"$ref": format!("#/channels/{name}/messages/{name}")}],
                "bindings": {"mqtt": {"qos": message.qos, "retain": message.retained, "bindingVersion": "0.2.0"}},
            }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "bidroom: rooms and their municipal hub",
            "version": "1",
            "description": format!("CloudEvents 1.0 in structured JSON over MQTT 5 or 3.1.1; {LARGEST} bytes a message at most. Commands and replies carry a message expiry interval under MQTT 5. Statements are signed with Ed25519 over their CloudEvents type, a line feed, and the bytes of `statement`."),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    })
}

/// The same value as YAML 1.2, with every text in quotes.
pub fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                text.push_str(&format!("{indent}{}:", Value::from(key.as_str())));
                nested(value, depth, text);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for value in list {
                text.push_str(&format!("{indent}-"));
                nested(value, depth, text);
            }
        }
        // JSON's scalars are YAML's
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => text.push_str(&format!("{indent}{value}\n")),
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    let holds = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if holds {
        text.push('\n');
        write(value, depth + 1, text);
    } else {
        text.push_str(&format!(" {value}\n"));
    }
}
