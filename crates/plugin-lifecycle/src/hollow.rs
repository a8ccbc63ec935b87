//! Outputs that look like a success and are none.

use one_ontology::vocabulary;
use plugin_runtime_api::{ComponentKind, ComponentName, Ending, Outcome, PluginFailure};
use serde_json::Value;

vocabulary! {
    /// Why an output is empty in spite of its ending.
    closed Hollow ("`EmptyText`, `EmptyVector` or `ZeroVector`") {
        /// A model that answers in text said nothing.
        EmptyText = "EmptyText",
        /// An embedding without numbers.
        EmptyVector = "EmptyVector",
        /// An embedding of nothing but zeros: everything would be equally near to it.
        ZeroVector = "ZeroVector",
    }
}

impl Hollow {
    /// In words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::EmptyText => "the model answered without text",
            Self::EmptyVector => "the embedding has no numbers",
            Self::ZeroVector => "the embedding consists of zeros",
        }
    }

    /// Why the output of a component is hollow, if it is: what `TEXT_EMBEDDING` returns must be a vector
    /// that is not zero, what other `TEXT_` models return must not be blank. Nothing is expected of
    /// other components, nor of shapes that are neither vector nor text.
    #[must_use]
    pub fn of(kind: ComponentKind, name: &ComponentName, output: &Value) -> Option<Self> {
        if kind != ComponentKind::Model {
            return None;
        }
        let name = name.as_str();
        if name.contains("EMBEDDING") {
            return of_vector(part(output, &["embedding", "result"]).as_array()?);
        }
        let speaks = name.starts_with("TEXT_") && !name.contains("TOKENIZER");
        let text = part(output, &["text", "result"]).as_str();
        match text {
            Some(text) if speaks && text.trim().is_empty() => Some(Self::EmptyText),
            _ => None,
        }
    }
}

fn of_vector(numbers: &[Value]) -> Option<Hollow> {
    if numbers.is_empty() {
        return Some(Hollow::EmptyVector);
    }
    let is_zero = |number: &Value| number.as_f64() == Some(0.0);
    numbers.iter().all(is_zero).then_some(Hollow::ZeroVector)
}

/// The first of these fields that there is, else the whole.
fn part<'a>(output: &'a Value, names: &[&str]) -> &'a Value {
    let mut fields = names.iter().filter_map(|name| output.get(name));
    fields.next().unwrap_or(output)
}

/// The same outcome, failed if its output is hollow.
pub(crate) fn judged(kind: ComponentKind, name: &ComponentName, outcome: Outcome) -> Outcome {
    let hollow = match &outcome.ending {
        Ending::Succeeded { output } => Hollow::of(kind, name, output),
        _ => None,
    };
    match hollow {
        Some(hollow) => Outcome {
            ending: Ending::Failed {
                error: PluginFailure::new(hollow.as_str(), hollow.reason()),
            },
            usage: outcome.usage,
        },
        None => outcome,
    }
}
