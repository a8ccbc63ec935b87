//! `OneRuntime`: laws over random calls, over callers at once, and over stores in trouble.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::thread;

use async_trait::async_trait;
use futures::executor::block_on;
use futures::stream::BoxStream;
use one_ontology::{
    BudgetKey, BudgetRule, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event,
    EventQuery, Exhausted, Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery,
    Membership, MemoryStore, Page, Person, PersonId, PersonQuery, Place, Receipt, RowId, Scope,
    SearchQuery, Seq, SequentialIds, Store, StoreError, Thing, ThingId, ThingQuery, Timestamp,
};
use plugin_lifecycle::OneRuntime;
use plugin_runtime_api::{CallContext, HostCall, HostError, HostReply, HostServices};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::one_runtime::{Agent, Host, id};
use crate::one_runtime_access::{every_call, glance};

/// A call with ids of a small space, so that calls meet each other.
fn call() -> impl Strategy<Value = Value> {
    let few = || (1_u128..4).prop_map(id);
    let words = "secret words [a-c]{0,2}";
    prop_oneof![
        (few(), few(), words, any::<bool>()).prop_map(|(one, room, text, unique)| json!({
            "call": "memory.create", "tableName": "t", "unique": unique,
            "memory": {"id": one, "roomId": room, "content": {"text": text}, "createdAt": 5,
                "embedding": [1.0, f64::from(u32::try_from(text.len()).unwrap()) - 13.0]}})),
        (few(), words).prop_map(|(one, text)| json!({
            "call": "memory.update", "memory": {"id": one, "content": {"text": text}}})),
        few().prop_map(|one| json!({"call": "memory.delete", "id": one})),
        few().prop_map(|one| json!({"call": "memory.list", "filter": {"tableName": "t", "roomId": one}})),
        Just(json!({"call": "memory.search", "filter": {"tableName": "t"}, "embedding": [1.0, 0.5]})),
        (few(), words).prop_map(|(one, text)| json!({
            "call": "entity.create", "entity": {"id": one, "names": [text]}})),
        (few(), words).prop_map(|(one, text)| json!({
            "call": "entity.update", "entity": {"id": one, "names": [text]}})),
        few().prop_map(|one| json!({"call": "room.ensure", "room": {"id": one, "worldId": id(1)}})),
        few().prop_map(|one| json!({"call": "room.delete", "id": one})),
        few().prop_map(|one| json!({"call": "room.list", "worldId": one})),
        (few(), few()).prop_map(|(one, room)| json!({
            "call": "participant.add", "entityId": one, "roomId": room})),
        (few(), few()).prop_map(|(one, room)| json!({
            "call": "participant.remove", "entityId": one, "roomId": room})),
        (few(), few(), prop_oneof![Just(json!(null)), Just(json!("MUTED"))]).prop_map(
            |(one, room, state)| json!({
                "call": "participant.set_state", "entityId": one, "roomId": room, "state": state})
        ),
        (few(), few()).prop_map(|(one, room)| json!({
            "call": "participant.state", "entityId": one, "roomId": room})),
        few().prop_map(|room| json!({"call": "entity.list_for_room", "roomId": room, "includeComponents": true})),
        few().prop_map(|one| json!({"call": "participant.rooms", "entityIds": [one]})),
        (few(), few(), words).prop_map(|(one, other, text)| json!({
            "call": "component.create",
            "component": {"id": one, "entityId": other, "type": "mood", "data": text}})),
        few().prop_map(|one| json!({"call": "component.delete", "id": one})),
        (few(), few()).prop_map(|(one, other)| json!({
            "call": "relationship.create",
            "relationship": {"id": id(9), "sourceEntityId": one, "targetEntityId": other}})),
        (few(), few(), words).prop_map(|(one, other, text)| json!({
            "call": "relationship.update",
            "relationship": {"sourceEntityId": one, "targetEntityId": other, "metadata": {"text": text}}})),
        few().prop_map(|one| json!({"call": "relationship.list", "entityId": one})),
        (few(), words).prop_map(|(one, text)| json!({
            "call": "task.create", "task": {"id": one, "name": text}})),
        few().prop_map(|one| json!({"call": "task.delete", "id": one})),
        Just(json!({"call": "task.list"})),
        ("[ab]", words).prop_map(|(key, text)| json!({"call": "cache.set", "key": key, "value": text})),
        "[ab]".prop_map(|key| json!({"call": "cache.get", "key": key})),
        "[ab]".prop_map(|key| json!({"call": "cache.delete", "key": key})),
        words.prop_map(|text| json!({"call": "event.emit", "name": "DONE", "payload": {"text": text}})),
        words.prop_map(|text| json!({"call": "message.send", "target": {}, "content": {"text": text}})),
    ]
}

/// What a call comes to, as far as plugin code sees it.
fn outcome(agent: &Agent, call: &Value) -> Value {
    let call: HostCall = serde_json::from_value(call.clone()).unwrap();
    shown(block_on(agent.services.call(&agent.context, call)))
}

fn shown(answer: Result<HostReply, HostError>) -> Value {
    match answer {
        Ok(answer) => json!({ "answer": answer }),
        Err(error) => json!({"refused": error}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What others do, with the very same ids, changes no answer; the trails stay whole, and say
    /// nothing of what was said.
    #[test]
    fn nobody_is_disturbed(calls in proptest::collection::vec((0_usize..4, call()), 1..60)) {
        let host = Host::new();
        let agents = [
            host.agent("acme", "aria"),
            host.agent("acme", "bella"),
            host.agent("umbrella", "aria"),
            host.agent("umbrella", "bella"),
        ];
        let together: Vec<(usize, Value)> =
            calls.iter().map(|(who, call)| (*who, outcome(&agents[*who], call))).collect();
        for (who, (organisation, name)) in
            [("acme", "aria"), ("acme", "bella"), ("umbrella", "aria"), ("umbrella", "bella")]
                .into_iter()
                .enumerate()
        {
            let agent = Host::new().agent(organisation, name);
            let mine = calls.iter().filter(|(of, _)| *of == who);
            let alone: Vec<Value> = mine.map(|(_, call)| outcome(&agent, call)).collect();
            let mine = together.iter().filter(|(of, _)| *of == who);
            let seen: Vec<Value> = mine.map(|(_, seen)| seen.clone()).collect();
            prop_assert_eq!(alone, seen);
        }
        for organisation in ["acme", "umbrella"] {
            for event in host.trail(organisation).iter().skip(1) {
                let text = serde_json::to_string(&event).unwrap();
                prop_assert!(!text.contains("secret words"), "{}", text);
                prop_assert!(event.metadata.text("call").is_some() && event.target.is_some());
            }
        }
    }

    /// The cache is a map, and taking part is a map.
    #[test]
    fn it_is_what_a_map_would_be(
        steps in proptest::collection::vec((0_u8..6, 1_u128..3, 1_u128..3, any::<bool>()), 1..60),
    ) {
        let host = Host::new();
        let agent = host.agent("acme", "aria");
        for number in 1..3 {
            agent.ask(json!({"call": "entity.create", "entity": {"id": id(number)}}));
            agent.ask(json!({"call": "room.ensure", "room": {"id": id(number)}}));
        }
        let mut cache: BTreeMap<u128, bool> = BTreeMap::new();
        let mut parts: BTreeMap<(u128, u128), Option<&str>> = BTreeMap::new();
        for (what, a, b, flag) in steps {
            let pair = |name: &str| json!({"call": name, "entityId": id(a), "roomId": id(b)});
            match what {
                0 => {
                    agent.ask(json!({"call": "cache.set", "key": a.to_string(), "value": flag}));
                    cache.insert(a, flag);
                }
                1 => {
                    let gone = agent.ask(json!({"call": "cache.delete", "key": a.to_string()}));
                    prop_assert_eq!(gone, json!(cache.remove(&a).is_some()));
                }
                2 => {
                    let new = agent.ask(pair("participant.add"));
                    prop_assert_eq!(new, json!(!parts.contains_key(&(a, b))));
                    parts.entry((a, b)).or_insert(None);
                }
                3 => {
                    let gone = agent.ask(pair("participant.remove"));
                    prop_assert_eq!(gone, json!(parts.remove(&(a, b)).is_some()));
                }
                _ => {
                    let state = flag.then_some("MUTED");
                    let mut call = pair("participant.set_state");
                    call["state"] = json!(state);
                    prop_assert_eq!(agent.call(call).is_ok(), parts.contains_key(&(a, b)));
                    parts.entry((a, b)).and_modify(|it| *it = state);
                }
            }
            for number in 1..3 {
                let got = agent.ask(json!({"call": "cache.get", "key": number.to_string()}));
                prop_assert_eq!(got, json!(cache.get(&number)));
                let inside: Vec<Uuid> =
                    parts.keys().filter(|(_, room)| *room == number).map(|(one, _)| id(*one)).collect();
                let got = agent.ask(json!({"call": "participant.list", "roomId": id(number)}));
                prop_assert_eq!(got, json!(inside));
            }
            let state = agent.ask(pair("participant.state"));
            prop_assert_eq!(state, json!(parts.get(&(a, b)).copied().flatten()));
        }
        host.trail("acme");
    }
}

/// Asks from several threads at once; gives what each was answered.
fn at_once(host: &Host, callers: usize, call: impl Fn(usize) -> Value + Sync) -> Vec<Value> {
    let agents: Vec<Agent> = (0..callers).map(|_| host.agent("acme", "aria")).collect();
    let call = &call;
    thread::scope(|threads| {
        let asked: Vec<_> = agents
            .iter()
            .enumerate()
            .map(|(number, agent)| threads.spawn(move || agent.ask(call(number))))
            .collect();
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    })
}

#[test]
fn callers_at_once_are_in_some_order() {
    for _ in 0..20 {
        let host = Host::new();
        let agent = host.agent("acme", "aria");
        let news = at_once(&host, 6, |number| {
            json!({
            "call": "entity.create", "entity": {"id": id(1), "names": [number.to_string()]}})
        });
        assert_eq!(news.iter().filter(|it| **it == json!(true)).count(), 1);
        let rooms = at_once(
            &host,
            6,
            |_| json!({"call": "room.ensure", "room": {"id": id(2)}}),
        );
        assert!(rooms.iter().all(|it| *it == json!(id(2))));
        let news = at_once(&host, 6, |_| {
            json!({
            "call": "participant.add", "entityId": id(1), "roomId": id(2)})
        });
        assert_eq!(news.iter().filter(|it| **it == json!(true)).count(), 1);
        at_once(&host, 6, |number| {
            json!({
            "call": "participant.set_state", "entityId": id(1), "roomId": id(2),
            "state": if number % 2 == 0 { "MUTED" } else { "FOLLOWED" }})
        });
        let inside = agent.ask(json!({"call": "participant.list", "roomId": id(2)}));
        assert_eq!(inside, json!([id(1)]));
        // Each fills in another field, and none is lost.
        agent.ask(json!({"call": "task.create", "task": {"id": id(3)}}));
        at_once(&host, 6, |number| {
            json!({
            "call": "task.update", "task": {"id": id(3), format!("field{number}"): number}})
        });
        let task = agent.ask(json!({"call": "task.get", "id": id(3)}));
        assert_eq!(task.as_object().unwrap().len(), 1 + 6, "{task}");
        let gone = at_once(&host, 6, |_| {
            json!({
            "call": "participant.remove", "entityId": id(1), "roomId": id(2)})
        });
        assert!(gone.contains(&json!(true)));
        assert_eq!(
            agent.ask(json!({"call": "participant.list", "roomId": id(2)})),
            json!([])
        );
        host.trail("acme");
    }
}

/// A store whose next commits, and whose reads if it is said so, fail; and where somebody else may
/// come between any two steps of a call.
#[derive(Debug)]
struct Troubled {
    store: MemoryStore,
    rival: Mutex<Option<Rival>>,
    rivals_answer: Mutex<Option<Value>>,
    commits: Mutex<VecDeque<StoreError>>,
    reads: Mutex<Option<StoreError>>,
}

impl Troubled {
    fn host() -> (Arc<Self>, Host) {
        let store = MemoryStore::new();
        let troubled = Arc::new(Self {
            store: store.clone(),
            rival: Mutex::default(),
            rivals_answer: Mutex::default(),
            commits: Mutex::default(),
            reads: Mutex::default(),
        });
        let host = Host::over(store, Arc::clone(&troubled) as _);
        (troubled, host)
    }

    async fn read(&self) -> Result<(), StoreError> {
        self.step().await;
        self.reads.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

/// Somebody else's call, so many steps from now.
#[derive(Debug)]
struct Rival {
    steps: usize,
    services: Arc<dyn HostServices>,
    context: CallContext,
    call: HostCall,
}

impl Troubled {
    /// One step of a call: the rival may be next.
    async fn step(&self) {
        let rival = {
            let mut rival = self.rival.lock().unwrap();
            match &mut *rival {
                Some(Rival { steps: 0, .. }) => rival.take(),
                Some(rival) => {
                    rival.steps -= 1;
                    None
                }
                None => None,
            }
        };
        if let Some(rival) = rival {
            let answer = rival.services.call(&rival.context, rival.call).await;
            *self.rivals_answer.lock().unwrap() = Some(shown(answer));
        }
    }
}

#[async_trait]
impl Directory for Troubled {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.store.group(id).await
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.store.membership(person, place).await
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        self.store.descendants(group).await
    }
}

#[async_trait]
impl Store for Troubled {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        self.step().await;
        let error = self.commits.lock().unwrap().pop_front();
        match error {
            Some(error) => Err(error),
            None => self.store.commit(changes).await,
        }
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        self.read().await?;
        self.store.thing(scope, id).await
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        self.read().await?;
        self.store.things(scope, query).await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        self.read().await?;
        self.store.connections(scope, query).await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.store.events(scope, query).await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        self.store.head(scope).await
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        self.read().await?;
        self.store.knowledge(scope, query).await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        self.read().await?;
        self.store.knowledge_by_id(scope, id).await
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        self.store.people(scope, query).await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        self.store.person(scope, id).await
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        self.read().await?;
        self.store.search(scope, query).await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        self.store.budget(scope, key).await
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        self.store.watch(scope, after)
    }
}

/// Calls that would write when nothing is there but an entity, a room and what they need.
fn prepare(agent: &Agent) {
    for number in [1, 6] {
        agent.ask(json!({"call": "entity.create", "entity": {"id": id(number)}}));
    }
    agent.ask(json!({"call": "room.ensure", "room": {"id": id(2)}}));
}

#[test]
fn a_write_is_decided_anew_while_others_write() {
    let row = RowId::Thing(ThingId::of_name(&["x"]));
    let raced = [
        StoreError::Stale { row },
        StoreError::AlreadyExists {
            what: "thing 7".to_owned(),
        },
        StoreError::Busy {
            reason: "locked by pid 7".to_owned(),
        },
    ];
    for call in every_call() {
        for times in [15, 16] {
            let (store, host) = Troubled::host();
            let agent = host.agent("acme", "aria");
            prepare(&agent);
            let before = host.trail("acme").len();
            let troubles = raced.iter().cycle().take(times).cloned();
            store.commits.lock().unwrap().extend(troubles);
            let answer = agent.call(call.clone());
            let left = store.commits.lock().unwrap().len();
            if left == times {
                // It did not write at all.
                assert_eq!(host.trail("acme").len(), before, "{call}");
                continue;
            }
            assert_eq!(left, 0, "{call}");
            if times < 16 {
                assert!(answer.is_ok(), "{call}: {answer:?}");
                assert_eq!(host.trail("acme").len(), before + 1, "{call}");
            } else {
                let name = call["call"].as_str().unwrap();
                let error = answer.unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!("{name} is unavailable: others are writing")
                );
                assert_eq!(host.trail("acme").len(), before, "{call}");
            }
        }
    }
}

#[test]
fn a_store_in_trouble_says_nothing_of_itself() {
    let now = Timestamp::from_micros(7);
    let exhausted = Exhausted {
        key: "plugin_writes".parse().unwrap(),
        rule: BudgetRule::Window {
            limit: 10,
            period_ms: 60_000,
        },
        retry_at: Some(now),
    };
    let at = "/var/lib/one.db".to_owned();
    let call = json!({"call": "cache.set", "key": "k", "value": 1});
    for (error, refused) in [
        (StoreError::Exhausted(exhausted), format!("HostBudgetExhausted: cache.set: at most 10 in one minute; try again at {now}")),
        (StoreError::Unavailable { reason: at.clone() }, "HostUnavailable: cache.set is unavailable: the store does not answer".to_owned()),
        (StoreError::Corrupt { reason: at.clone() }, "HostUnavailable: cache.set is unavailable: the store does not answer".to_owned()),
        (StoreError::Incompatible { reason: at.clone() }, "HostUnavailable: cache.set is unavailable: the store does not answer".to_owned()),
        (StoreError::Archived { name: at.clone() }, "HostUnavailable: cache.set is unavailable: nothing may be written in this organisation".to_owned()),
        (StoreError::NotFound { what: at.clone() }, "HostCallInvalid: cache.set: what it refers to is not there".to_owned()),
    ] {
        let (store, host) = Troubled::host();
        store.commits.lock().unwrap().push_back(error);
        assert_eq!(host.agent("acme", "aria").refused(call.clone()), refused);
        assert_eq!(host.trail("acme").len(), 1);
    }
    // Whatever a call reads, the answer is that it cannot be read.
    for call in every_call() {
        let (store, host) = Troubled::host();
        *store.reads.lock().unwrap() = Some(StoreError::Unavailable { reason: at.clone() });
        if let Err(error) = host.agent("acme", "aria").call(call.clone()) {
            assert!(
                matches!(error.tag(), "HostUnavailable" | "HostUnsupported"),
                "{call}: {error}"
            );
            assert!(!error.to_string().contains("/var"), "{error}");
        }
    }
}

/// Writes that get in each other's way.
fn contended() -> Vec<Value> {
    let memory = |number: u128, unique: bool, x: f64| {
        json!({
        "call": "memory.create", "tableName": "facts", "unique": unique,
        "memory": {"id": id(number), "agentId": id(8), "content": {"text": "a"}, "embedding": [1.0, x]}})
    };
    let part = |name: &str, state: Option<&str>| {
        json!({
        "call": name, "entityId": id(1), "roomId": id(2), "state": state})
    };
    let bond = |name: &str, tag: &str| {
        json!({"call": name, "relationship": {
        "id": id(9), "sourceEntityId": id(1), "targetEntityId": id(6), "tags": [tag]}})
    };
    vec![
        memory(1, true, 0.0),
        memory(11, true, 0.01),
        memory(1, false, 5.0),
        json!({"call": "memory.update", "memory": {"id": id(1), "metadata": {"a": 1}}}),
        json!({"call": "memory.update", "memory": {"id": id(1), "content": {"text": "b"}}}),
        json!({"call": "memory.delete", "id": id(1)}),
        json!({"call": "cache.set", "key": "k", "value": 1}),
        json!({"call": "cache.set", "key": "k", "value": 2}),
        json!({"call": "cache.delete", "key": "k"}),
        json!({"call": "entity.create", "entity": {"id": id(7), "names": ["a"]}}),
        json!({"call": "entity.update", "entity": {"id": id(1), "names": ["b"]}}),
        json!({"call": "room.ensure", "room": {"id": id(2), "name": "a"}}),
        json!({"call": "room.delete", "id": id(2)}),
        part("participant.add", None),
        part("participant.remove", None),
        part("participant.set_state", Some("MUTED")),
        part("participant.set_state", Some("FOLLOWED")),
        bond("relationship.create", "a"),
        bond("relationship.update", "b"),
        json!({"call": "task.create", "task": {"id": id(7), "name": "a"}}),
        json!({"call": "task.update", "task": {"id": id(7), "description": "b"}}),
        json!({"call": "task.delete", "id": id(7)}),
    ]
}

/// What a call is about, so far that calls about others cannot meet it.
fn touched(call: &Value) -> &str {
    match call["call"].as_str().and_then(|name| name.split_once('.')) {
        Some(("memory" | "cache" | "task", _)) => call["call"].as_str().unwrap().get(..4).unwrap(),
        _ => "world",
    }
}

/// Whatever step another comes in at, it is as if one of the two had been first.
#[test]
fn two_calls_are_in_some_order_at_every_step() {
    let mut met = 0;
    for before in [vec![], contended()] {
        for mine in &contended() {
            for theirs in contended().iter().filter(|it| touched(it) == touched(mine)) {
                let first = |first: &Value, second: &Value| {
                    let (_, _, agent, other) = pair_of_agents(&before);
                    (
                        outcome(&agent, first),
                        outcome(&other, second),
                        glance(&agent),
                    )
                };
                let (mine_first, theirs_second, one) = first(mine, theirs);
                let (theirs_first, mine_second, other) = first(theirs, mine);
                let orders = [
                    (mine_first, theirs_second, one),
                    (mine_second, theirs_first, other),
                ];
                for steps in 0.. {
                    let (store, host, agent, other) = pair_of_agents(&before);
                    *store.rival.lock().unwrap() = Some(Rival {
                        steps,
                        services: Arc::clone(&other.services),
                        context: other.context.clone(),
                        call: serde_json::from_value(theirs.clone()).unwrap(),
                    });
                    let answer = outcome(&agent, mine);
                    let Some(rivals) = store.rivals_answer.lock().unwrap().take() else {
                        break;
                    };
                    met += 1;
                    let came = (answer, rivals, glance(&agent));
                    assert!(
                        orders.contains(&came),
                        "{mine}\n{theirs}\nat step {steps}: {came:#?}\n{orders:#?}"
                    );
                    host.trail("acme");
                }
            }
        }
    }
    assert!(met > 500, "{met}");
}

/// The agent over a store in trouble, and the same agent over the same store without, both after
/// `before`.
fn pair_of_agents(before: &[Value]) -> (Arc<Troubled>, Host, Agent, Agent) {
    let (store, host) = Troubled::host();
    let ids = SequentialIds::new();
    // Other ids than those of the first.
    for _ in 0..1000 {
        one_ontology::IdSource::next(&ids, Timestamp::EPOCH);
    }
    let other = Host {
        store: host.store.clone(),
        clock: Arc::clone(&host.clock),
        runtime: OneRuntime::new(
            Arc::new(host.store.clone()),
            Arc::clone(&host.clock) as _,
            Arc::new(ids),
        )
        .with_embedder(Arc::new(plugin_registry::LexicalEmbedder::new())),
    };
    let (agent, other) = (host.agent("acme", "aria"), other.agent("acme", "aria"));
    prepare(&agent);
    for call in before {
        let call: HostCall = serde_json::from_value(call.clone()).unwrap();
        // What is taken away again is of no use here.
        if !(call.name().ends_with("delete") || call.name().ends_with("remove")) {
            drop(block_on(agent.services.call(&agent.context, call)));
        }
    }
    (store, host, agent, other)
}

#[test]
fn what_changes_nothing_leaves_no_trace() {
    let host = Host::new();
    let agent = host.agent("acme", "aria");
    prepare(&agent);
    for call in [
        json!({"call": "cache.set", "key": "k", "value": {"a": [1]}}),
        json!({"call": "entity.update", "entity": {"id": id(1), "names": ["a"]}}),
        json!({"call": "room.update", "room": {"id": id(2), "name": "a"}}),
        json!({"call": "participant.add", "entityId": id(1), "roomId": id(2)}),
        json!({"call": "participant.set_state", "entityId": id(1), "roomId": id(2), "state": "MUTED"}),
        json!({"call": "relationship.create", "relationship": {"sourceEntityId": id(1), "targetEntityId": id(6)}}),
        json!({"call": "relationship.update", "relationship": {"sourceEntityId": id(1), "targetEntityId": id(6), "tags": ["x"]}}),
    ] {
        let before = host.trail("acme").len();
        agent.ask(call.clone());
        assert_eq!(host.trail("acme").len(), before + 1, "{call}");
        agent.ask(call.clone());
        assert_eq!(host.trail("acme").len(), before + 1, "{call}");
    }
}
