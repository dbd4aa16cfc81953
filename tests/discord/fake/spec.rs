//! Discord's OpenAPI, by which every request, every answer and the objects in every event are judged.
//!
//! It is `specs/openapi.json` of <https://github.com/discord/discord-api-spec> at commit 74fda0fa (18 July 2026), unchanged.
//! The specification leaves additional properties open; a field that it doesn't list is counted as a misspelling here.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// The specification, as published.
static SPEC: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../openapi.json")).expect("the published specification is JSON")
});

/// Validators that were built, by their schema.
static BUILT: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The schemas of a callback, by its type. The specification joins them by `anyOf`, whose complaints say nothing.
const CALLBACKS: &[(u64, &str)] = &[
    (4, "CreateMessageInteractionCallbackRequest"),
    (5, "CreateMessageInteractionCallbackRequest"),
    (6, "UpdateMessageInteractionCallbackRequest"),
    (7, "UpdateMessageInteractionCallbackRequest"),
    (8, "ApplicationCommandAutocompleteCallbackRequest"),
    (9, "ModalInteractionCallbackRequest"),
];

/// Fields that Discord documents and the specification leaves out.
const UNLISTED: &[(&str, &str)] = &[("/commands", "dm_permission"), ("/commands", "nsfw")];

/// What is wrong with a request's body: what Discord would refuse, and fields that it would silently pass over.
pub fn request(method: &str, route: &str, body: &Value) -> (Vec<String>, Vec<String>) {
    let operation = operation(method, route);
    let content = operation.and_then(|operation| operation.pointer("/requestBody/content/application~1json/schema"));
    match content {
        None if body.is_null() || body.as_object().is_some_and(serde_json::Map::is_empty) => Default::default(),
        None => (Vec::new(), vec!["a body where none belongs".to_owned()]),
        Some(schema) => {
            let callback = CALLBACKS.iter().find(|(kind, _)| route.ends_with("/callback") && body["type"] == *kind);
            let schema = callback.map_or_else(|| schema.clone(), |(_, name)| component(name));
            let body = coerced(body);
            let unlisted = UNLISTED.iter().filter(|(end, _)| route.ends_with(end));
            let known: Vec<String> = unlisted.map(|(_, field)| format!("/{field}: ")).collect();
            let mut passed_over = Vec::new();
            unknown(&[&schema], &body, "", &mut passed_over);
            passed_over.retain(|found| !known.iter().any(|known| found.contains(known)));
            (invalid(&schema, &body), passed_over)
        }
    }
}

/// What is wrong with an answer of the fake.
pub fn answer(method: &str, route: &str, status: u16, body: &Value) -> Vec<String> {
    let Some(operation) = operation(method, route) else { return vec!["no such operation".to_owned()] };
    let responses = &operation["responses"];
    if status >= 500 {
        return Vec::new();
    }
    let exact = responses.get(status.to_string());
    let Some(found) = exact.or_else(|| responses.get("4XX").filter(|_| (400..500).contains(&status))) else {
        return vec![format!("status {status} is not foreseen")];
    };
    match deref(found).pointer("/content/application~1json/schema") {
        None if body.is_null() => Vec::new(),
        None => vec![format!("a body with status {status}")],
        Some(schema) => judge(schema, body),
    }
}

/// What is wrong with an object of a kind that the specification names.
pub fn object(name: &str, value: &Value) -> Vec<String> {
    judge(&component(name), value)
}

/// The languages that Discord knows.
pub fn locales() -> BTreeSet<&'static str> {
    let listed = SPEC.pointer("/components/schemas/AvailableLocalesEnum/oneOf").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(|one| one["const"].as_str()).collect()
}

fn operation(method: &str, route: &str) -> Option<&'static Value> {
    SPEC["paths"].get(route)?.get(method.to_lowercase())
}

fn component(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn judge(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = invalid(schema, value);
    unknown(&[schema], value, "", &mut found);
    found
}

fn invalid(schema: &Value, value: &Value) -> Vec<String> {
    let validator = validator(schema);
    let errors = validator.iter_errors(value);
    errors.map(|error| brief(&error.to_string(), &error.instance_path().to_string())).collect()
}

fn brief(message: &str, path: &str) -> String {
    let message: String = message.chars().take(300).collect();
    format!("{}: {message}", if path.is_empty() { "/" } else { path })
}

fn validator(schema: &Value) -> Arc<Validator> {
    let key = schema.to_string();
    let mut built = BUILT.lock().expect("no validator panics");
    let build = || {
        let mut whole = schema.clone();
        whole["components"] = SPEC["components"].clone();
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(false);
        Arc::new(options.build(&whole).expect("the published schemas are schemas"))
    };
    built.entry(key).or_insert_with(build).clone()
}

/// Fields that none of the schemas lists.
fn unknown(schemas: &[&Value], value: &Value, path: &str, found: &mut Vec<String>) {
    let schemas: Vec<&Value> = schemas.iter().flat_map(|schema| branches(schema, value)).collect();
    match value {
        Value::Object(map) if schemas.iter().any(|schema| schema.get("properties").is_some()) => {
            for (key, value) in map {
                let listed = schemas.iter().filter_map(|schema| schema.get("properties")?.get(key));
                let listed: Vec<&Value> = listed.chain(schemas.iter().filter_map(|schema| open(schema))).collect();
                if listed.is_empty() {
                    found.push(format!("{path}/{key}: no such field"));
                } else {
                    unknown(&listed, value, &format!("{path}/{key}"), found);
                }
            }
        }
        Value::Object(map) => {
            let inner: Vec<&Value> = schemas.iter().filter_map(|schema| open(schema)).collect();
            for (key, value) in map.iter().filter(|_| !inner.is_empty()) {
                unknown(&inner, value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            let inner: Vec<&Value> = schemas.iter().filter_map(|schema| schema.get("items")).collect();
            for (at, item) in items.iter().enumerate() {
                unknown(&inner, item, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// The schema of fields that go by no name.
fn open<'a>(schema: &&'a Value) -> Option<&'a Value> {
    schema.get("additionalProperties").filter(|schema| schema.is_object())
}

/// A schema with its references followed and its alternatives laid side by side; those of another `type` are left out.
fn branches<'a>(schema: &'a Value, value: &Value) -> Vec<&'a Value> {
    let schema = deref(schema);
    let mut found = vec![schema];
    for key in ["allOf", "anyOf", "oneOf"] {
        for branch in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            let branch = deref(branch);
            let kind = branch.pointer("/properties/type").and_then(|kind| kind.get("enum")).and_then(Value::as_array);
            if kind.is_none_or(|kinds| value.get("type").is_none_or(|kind| kinds.contains(kind))) {
                found.extend(branches(branch, value));
            }
        }
    }
    found
}

fn deref(schema: &Value) -> &Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.map_or(schema, |target| deref(SPEC.pointer(target).expect("the specification refers to itself")))
}

/// Discord reads a string of digits as a number; the specification wants the number for this one.
fn coerced(body: &Value) -> Value {
    match body {
        Value::Object(map) => {
            let coerce = |(key, value): (&String, &Value)| {
                let number = value
                    .as_str()
                    .filter(|_| key == "default_member_permissions")
                    .and_then(|text| text.parse::<u64>().ok());
                (key.clone(), number.map_or_else(|| coerced(value), Value::from))
            };
            Value::Object(map.iter().map(coerce).collect())
        }
        Value::Array(items) => items.iter().map(coerced).collect(),
        other => other.clone(),
    }
}
