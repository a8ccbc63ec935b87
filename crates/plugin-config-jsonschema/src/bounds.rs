//! What a stranger's schema may ask for, before anything of it is compiled.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::excerpt;
use serde_json::{Map, Value};

/// The most schemas that there are with every reference filled in.
const MAX_SCHEMAS: u32 = 1_000;
/// How deep they may be then.
const MAX_DEPTH: u32 = 64;
/// The most of those keywords that look at everything beside them again.
const MAX_UNEVALUATED: u32 = 4;
/// How deep a value may be.
const MAX_VALUE_DEPTH: usize = 64;
/// What changes where references lead.
const MOVING: &[&str] = &[
    "$id",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "$recursiveAnchor",
    "$vocabulary",
];
/// Whose value is data and no schema.
const DATA: &[&str] = &["const", "enum", "default", "examples", "required"];
/// Whose value is schemas by names.
const BY_NAME: &[&str] = &["properties", "patternProperties", "dependentSchemas"];
/// The only draft that is understood.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// How much a schema asks for with every reference filled in.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    schemas: u32,
    depth: u32,
    unevaluated: u32,
}

impl Cost {
    /// Of a schema beside what it had until now.
    fn with(self, inner: Self) -> Self {
        Self {
            schemas: self.schemas.saturating_add(inner.schemas),
            depth: self.depth.max(inner.depth),
            unevaluated: self.unevaluated.saturating_add(inner.unevaluated),
        }
    }

    /// Of what holds it.
    fn around(self) -> Self {
        Self {
            schemas: self.schemas.saturating_add(1),
            depth: self.depth.saturating_add(1),
            unevaluated: self.unevaluated,
        }
    }
}

/// Refuses schemas that never end, explode, are elsewhere, or mean another place than they say; gives how many schemas there are
/// with every reference filled in.
pub(crate) fn refuse_unbounded(schema: &Value) -> Result<u32, String> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let mut walk = Walk {
        definitions,
        known: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    // A name for another place may stand where nobody refers to, and moves what others refer to.
    for name in definitions.into_iter().flat_map(Map::keys) {
        walk.definition(name)?;
    }
    let mut cost = Cost::default();
    for (keyword, value) in schema.as_object().into_iter().flatten() {
        if keyword != "$defs" {
            cost = cost.with(walk.keyword(keyword, value)?);
        }
    }
    let cost = cost.around();
    let most = [
        (cost.schemas, MAX_SCHEMAS, "schemas"),
        (cost.depth, MAX_DEPTH, "levels"),
        (cost.unevaluated, MAX_UNEVALUATED, "`unevaluated` keywords"),
    ];
    match most.into_iter().find(|(has, most, _)| has > most) {
        Some((_, most, what)) => Err(format!(
            "with every reference filled in it has more than {most} {what}"
        )),
        None => Ok(cost.schemas),
    }
}

struct Walk<'a> {
    definitions: Option<&'a Map<String, Value>>,
    known: BTreeMap<&'a str, Cost>,
    /// The definitions that are being looked at.
    open: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn schema(&mut self, schema: &'a Value) -> Result<Cost, String> {
        let mut cost = Cost::default();
        let Value::Object(map) = schema else {
            return Ok(cost.around());
        };
        for (keyword, value) in map {
            cost = cost.with(self.keyword(keyword, value)?);
        }
        Ok(cost.around())
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value) -> Result<Cost, String> {
        match (keyword, value) {
            ("$ref", Value::String(to)) => self.reference(to),
            ("$ref", _) => Err("a `$ref` is no text".to_owned()),
            ("$schema", Value::String(draft)) if draft.trim_end_matches('#') == DRAFT => {
                Ok(Cost::default())
            }
            ("$schema", _) => Err("it is of another draft than 2020-12".to_owned()),
            (moving, _) if MOVING.contains(&moving) => {
                Err(format!("`{moving}` is not understood here"))
            }
            ("$defs" | "definitions", _) => Err(format!(
                "`{keyword}` is understood at the top, as `$defs`, and nowhere else"
            )),
            (data, _) if DATA.contains(&data) => Ok(Cost::default()),
            (names, Value::Object(map)) if BY_NAME.contains(&names) => self.all(map.values()),
            (keyword, value) => {
                let mut cost = match value {
                    Value::Array(items) => self.all(items.iter())?,
                    Value::Object(_) => self.schema(value)?,
                    _ => Cost::default(),
                };
                if matches!(keyword, "unevaluatedProperties" | "unevaluatedItems") {
                    cost.unevaluated = cost.unevaluated.saturating_add(1);
                }
                Ok(cost)
            }
        }
    }

    fn all(&mut self, schemas: impl Iterator<Item = &'a Value>) -> Result<Cost, String> {
        let mut cost = Cost::default();
        for schema in schemas {
            cost = cost.with(self.schema(schema)?);
        }
        Ok(cost)
    }

    /// What a definition asks for. One that leads back to itself never ends.
    fn reference(&mut self, to: &str) -> Result<Cost, String> {
        let unknown = || {
            let to = excerpt(to, 80);
            format!("`$ref` to `{to}`, where only `#/$defs/NAME` of its own is followed")
        };
        let name = to.strip_prefix("#/$defs/").ok_or_else(unknown)?;
        // Names that are written otherwise in a pointer are not worth understanding.
        let plain = !name.contains(['/', '~', '%']);
        let known = self.definitions.and_then(|all| all.get_key_value(name));
        let (name, _) = known.filter(|_| plain).ok_or_else(unknown)?;
        self.definition(name)
    }

    fn definition(&mut self, name: &'a String) -> Result<Cost, String> {
        let found = self.definitions.and_then(|all| all.get(name));
        let Some(definition) = found else {
            return Ok(Cost::default());
        };
        if let Some(cost) = self.known.get(name.as_str()) {
            return Ok(*cost);
        }
        if !self.open.insert(name) {
            let name = excerpt(name, 80);
            return Err(format!("`$defs/{name}` leads back to itself"));
        }
        let cost = self.schema(definition)?;
        self.open.remove(name.as_str());
        self.known.insert(name, cost);
        Ok(cost)
    }
}

/// Whether a value is deeper than any that a schema is asked about. Without recursion: it may be very deep.
pub(crate) fn is_too_deep(value: &Value) -> bool {
    let mut left = vec![(value, 1)];
    while let Some((value, depth)) = left.pop() {
        if depth > MAX_VALUE_DEPTH {
            return true;
        }
        match value {
            Value::Array(items) => left.extend(items.iter().map(|it| (it, depth + 1))),
            Value::Object(map) => left.extend(map.values().map(|it| (it, depth + 1))),
            _ => {}
        }
    }
    false
}

/// How many values there are in a value that is not too deep.
pub(crate) fn values(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(values).sum(),
        Value::Object(map) => map.values().map(values).sum(),
        _ => 0,
    }
}
