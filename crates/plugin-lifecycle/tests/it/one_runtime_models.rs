//! `OneRuntime`: models, and answers that only look like answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use plugin_lifecycle::{EmbedderModel, OneRuntime};
use plugin_registry::LexicalEmbedder;
use plugin_runtime_api::{ModelContext, ModelError, ModelProvider, ModelType};
use serde_json::{Value, json};

use crate::one_runtime::{Agent, Host, group};

/// Gives prepared answers, and remembers what it was asked.
#[derive(Debug, Default)]
struct Prepared {
    answers: Mutex<VecDeque<Result<Value, ModelError>>>,
    asked: Mutex<Vec<(ModelContext, ModelType, Value)>>,
}

#[async_trait]
impl ModelProvider for Prepared {
    fn models(&self) -> Vec<ModelType> {
        vec![ModelType::TextEmbedding, ModelType::TextLarge]
    }

    async fn generate(
        &self,
        context: &ModelContext,
        model_type: &ModelType,
        params: Value,
    ) -> Result<Value, ModelError> {
        let asked = (context.clone(), model_type.clone(), params);
        self.asked.lock().unwrap().push(asked);
        self.answers.lock().unwrap().pop_front().unwrap()
    }
}

/// An agent of a host that has only this provider.
fn prepared(answers: Vec<Result<Value, ModelError>>) -> (Arc<Prepared>, Agent) {
    let provider = Arc::new(Prepared::default());
    provider.answers.lock().unwrap().extend(answers);
    let mut host = Host::new();
    let ids = Arc::new(one_ontology::SequentialIds::new());
    host.runtime = OneRuntime::new(
        Arc::new(host.store.clone()),
        Arc::clone(&host.clock) as _,
        ids,
    )
    .with_model(Arc::clone(&provider) as _)
    .with_model(Arc::new(EmbedderModel::new(Arc::new(
        LexicalEmbedder::new(),
    ))));
    let agent = host.agent("acme", "aria");
    (provider, agent)
}

fn model(model_type: &str, params: Value) -> Value {
    json!({"call": "model.use", "modelType": model_type, "params": params})
}

#[test]
fn an_embedding_may_be_asked_for_in_every_way_plugins_do() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    let vector = json!(LexicalEmbedder::new().vector("some words"));
    let other = json!(LexicalEmbedder::new().vector("others"));
    for (params, expected) in [
        (json!("some words"), vector.clone()),
        (json!({"text": "some words"}), vector.clone()),
        (json!({"text": "some words", "model": "x"}), vector.clone()),
        (
            json!({"texts": ["some words", "others"]}),
            json!([vector, other]),
        ),
        (json!({"texts": []}), json!([])),
    ] {
        let answer = agent.ask(model("TEXT_EMBEDDING", params.clone()));
        // Numbers cross as they are.
        assert_eq!(answer, expected, "{params}");
    }
    // By asking for nothing plugins learn the length.
    let length = agent.ask(model("TEXT_EMBEDDING", Value::Null));
    assert_eq!(length.as_array().unwrap().len(), 1536);
    let either = "model.use: the parameters must have either `text`, a string, or `texts`, a list of strings";
    for (params, reason) in [
        (
            json!(5),
            "model.use: the parameters must be a string, {text}, {texts} or null",
        ),
        (
            json!(["a"]),
            "model.use: the parameters must be a string, {text}, {texts} or null",
        ),
        (json!({}), either),
        (json!({"text": 5}), either),
        (json!({"text": "a", "texts": ["b"]}), either),
        (
            json!({"texts": ["a", 5]}),
            "model.use: the parameters must have texts in `texts`",
        ),
        (
            json!({"texts": vec!["a"; 1001]}),
            "model.use: the parameters must have at most 1000 texts",
        ),
    ] {
        let refused = agent.refused(model("TEXT_EMBEDDING", params));
        assert_eq!(refused, format!("HostCallInvalid: {reason}"));
    }
}

#[test]
fn providers_are_asked_in_one_spelling_and_told_for_whom() {
    let answers = vec![
        Ok(json!([1.0, 0.5])),
        Ok(json!([[1.0, 0.5]])),
        Ok(json!("text")),
    ];
    let (provider, agent) = prepared(answers);
    assert_eq!(
        agent.ask(model("TEXT_EMBEDDING", json!("a"))),
        json!([1.0, 0.5])
    );
    assert_eq!(
        agent.ask(model("TEXT_EMBEDDING", json!({"texts": ["b"]}))),
        json!([[1.0, 0.5]])
    );
    assert_eq!(
        agent.ask(model("TEXT_LARGE", json!({"prompt": "c"}))),
        json!("text")
    );
    let asked = provider.asked.lock().unwrap();
    let who = ModelContext {
        group: group("acme"),
        agent: agent.context.agent,
    };
    let expected = [
        (ModelType::TextEmbedding, json!({"text": "a"})),
        (ModelType::TextEmbedding, json!({"texts": ["b"]})),
        (ModelType::TextLarge, json!({"prompt": "c"})),
    ]
    .map(|(model_type, params)| (who.clone(), model_type, params));
    assert_eq!(*asked, expected);
}

#[test]
fn what_no_provider_has_is_not_supported() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    for (name, refused) in [
        (
            "TEXT_LARGE",
            "HostUnsupported: not supported by this host: model.use TEXT_LARGE",
        ),
        (
            "text_embedding",
            "HostUnsupported: not supported by this host: model.use text_embedding",
        ),
        (
            "MY_MODEL",
            "HostUnsupported: not supported by this host: model.use MY_MODEL",
        ),
    ] {
        assert_eq!(agent.refused(model(name, json!("x"))), refused);
    }
    let long = "M".repeat(200);
    assert_eq!(
        agent.refused(model(&long, json!("x"))),
        "HostCallInvalid: model.use: `modelType` must be 1 to 128 characters"
    );
}

#[test]
fn an_answer_that_only_looks_like_one_is_none() {
    for (answer, reason) in [
        (json!(vec![0.0; 1536]), "gave a vector of zeros"),
        (json!([-0.0, 0]), "gave a vector of zeros"),
        (json!([1e-60]), "gave a vector of zeros"),
        (json!([]), "gave a vector of an impossible length"),
        (
            json!(vec![1.0; 8193]),
            "gave a vector of an impossible length",
        ),
        (json!([1.0, null]), "gave something else than numbers"),
        (json!([1e300]), "gave something else than numbers"),
        (json!("text"), "gave something else than numbers"),
        (json!(null), "gave something else than numbers"),
        (
            json!({"embedding": [1.0]}),
            "gave something else than numbers",
        ),
        (json!([[1.0]]), "gave something else than numbers"),
    ] {
        let (_, agent) = prepared(vec![Ok(answer.clone())]);
        let refused = agent.refused(model("TEXT_EMBEDDING", json!("a")));
        let expected =
            format!("HostUnavailable: model.use is unavailable: the embedding model {reason}");
        assert_eq!(refused, expected, "{answer}");
    }
    for (answer, reason) in [
        (json!([[1.0]]), "did not give one vector for each text"),
        (json!([1.0, 2.0]), "gave something else than numbers"),
        (json!([[1.0], [0.0]]), "gave a vector of zeros"),
        (
            json!([[1.0], [1.0, 2.0]]),
            "gave vectors of different lengths",
        ),
    ] {
        let (_, agent) = prepared(vec![Ok(answer.clone())]);
        let refused = agent.refused(model("TEXT_EMBEDDING", json!({"texts": ["a", "b"]})));
        let expected =
            format!("HostUnavailable: model.use is unavailable: the embedding model {reason}");
        assert_eq!(refused, expected, "{answer}");
    }
}

#[test]
fn a_model_gives_vectors_of_one_length() {
    let (_, agent) = prepared(vec![
        Ok(json!([1.0, 2.0])),
        Ok(json!([1.0])),
        Ok(json!([2.0, 1.0])),
    ]);
    let call = model("TEXT_EMBEDDING", json!("a"));
    assert_eq!(agent.ask(call.clone()), json!([1.0, 2.0]));
    assert!(
        agent
            .refused(call.clone())
            .ends_with("gave vectors of different lengths")
    );
    assert_eq!(agent.ask(call), json!([2.0, 1.0]));
}

#[test]
fn a_provider_that_fails_says_nothing_of_the_host() {
    let failures = vec![
        Err(ModelError::Unavailable {
            reason: "10.0.0.1 refused key sk-1".to_owned(),
        }),
        Err(ModelError::Unsupported {
            model_type: ModelType::TextLarge,
        }),
        Err(ModelError::Invalid {
            model_type: ModelType::TextLarge,
            reason: "no prompt".to_owned(),
        }),
    ];
    let (_, agent) = prepared(failures);
    let call = model("TEXT_LARGE", json!({}));
    assert_eq!(
        agent.refused(call.clone()),
        "HostUnavailable: model.use is unavailable: the model does not answer"
    );
    assert_eq!(
        agent.refused(call.clone()),
        "HostUnsupported: not supported by this host: model.use TEXT_LARGE"
    );
    assert_eq!(agent.refused(call), "HostCallInvalid: model.use: no prompt");
}
