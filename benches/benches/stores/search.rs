//! Lists and searches of three sizes, on every store; memory and disk a row.

use std::collections::BTreeSet;

use benches::Random;
use benches::report::{Cell, Row, Section, Target, Unit};
use futures::executor::block_on;
use one_ontology::search::{Candidate, Hit, HitId, SearchQuery, knowledge_text, rank, thing_text};
use one_ontology::{Embedding, Knowledge, Limit, Store, Thing};

use crate::Plan;
use crate::catalog::{Catalog, registry};
use crate::lists::{self, Listed};
use crate::peers::{Floats, FullText, Share, nearest};
use crate::queries::{Kind, query};
use crate::timing::{Samples, timed};
use crate::weight;

/// What a search may take with 100,000 rows, in milliseconds.
const AT_MOST: f64 = 50.0;

/// How many are looked for.
const BEST: usize = 20;

/// Rows of one size, with what is looked for in them.
struct Rows {
    size: usize,
    plugins: Vec<Thing>,
    passages: Vec<Knowledge>,
    queries: Vec<(Kind, Vec<SearchQuery>)>,
}

/// What searches of one kind took on one store.
struct Searched {
    first: Option<f64>,
    samples: Samples,
    answers: Vec<Vec<Hit>>,
}

pub(crate) fn sections(plan: Plan) -> Vec<Section> {
    let all = [372, 10_000, 100_000];
    let sizes = &all[..plan.of(all.len(), 1)];
    let catalog = Catalog::new();
    let names: Vec<String> = plan
        .hosts()
        .iter()
        .map(|host| host.name().to_owned())
        .collect();
    let mut listing = section(
        "Lists of plugins",
        "Through the port, whole rows.",
        &names,
        None,
    );
    let mut searches =
        Kind::ALL.map(|kind| section(kind.title(), kind.note(), &names, kind.peer()));
    let mut weights = None;
    for size in sizes {
        let rows = Rows::new(&catalog, *size, plan);
        let hosts = plan.hosts();
        let disk: Vec<_> = hosts
            .iter()
            .map(|host| weight::fill(host, &catalog, *size))
            .collect();
        let listed: Vec<Listed> = hosts
            .iter()
            .map(|host| lists::list(&*host.open(), &rows.plugins, plan))
            .collect();
        listing
            .rows
            .extend(lists::rows(&rows.label("plugins"), &listed));
        for (section, (kind, queries)) in searches.iter_mut().zip(&rows.queries) {
            let searched = hosts
                .iter()
                .map(|host| search(&*host.open(), *kind, queries));
            let searched: Vec<Searched> = searched.collect();
            section
                .rows
                .extend(rows.table(*kind, queries, &searched, plan));
        }
        weights = Some(weight::section(&hosts, &disk, *size));
    }
    let mut sections = vec![listing];
    sections.extend(searches);
    sections.extend(weights);
    sections
}

fn section(title: &str, note: &str, stores: &[String], peer: Option<&str>) -> Section {
    let mut contestants = stores.to_vec();
    contestants.extend(peer.map(str::to_owned));
    Section {
        title: title.to_owned(),
        note: note.to_owned(),
        contestants,
        ours: stores.len(),
        rows: Vec::new(),
    }
}

fn search(store: &dyn Store, kind: Kind, queries: &[SearchQuery]) -> Searched {
    let scope = kind.scope();
    let run = |query: &SearchQuery| block_on(store.search(&scope, query)).unwrap();
    // Only a store that was opened for it has not read the rows yet.
    let (first, _) = timed(|| run(&queries[0]));
    let mut answers = Vec::new();
    let samples = Samples::of(queries, |query| answers.push(run(query)));
    Searched {
        first: matches!(kind, Kind::Text | Kind::Semantic).then_some(first),
        samples,
        answers,
    }
}

impl Rows {
    fn new(catalog: &Catalog, size: usize, plan: Plan) -> Self {
        let plugins: Vec<Thing> = catalog.plugins(size).collect();
        let passages: Vec<Knowledge> = catalog.passages(size).collect();
        let queries = Kind::ALL.map(|kind| {
            let mut random = Random::new(7);
            let queries = (0..plan.of(100, 3)).map(|_| {
                let at = random.index(size);
                let text = if kind.among_plugins() {
                    thing_text(&plugins[at])
                } else {
                    knowledge_text(&passages[at])
                };
                query(kind, catalog, &text, &mut random)
            });
            (kind, queries.collect())
        });
        Self {
            size,
            plugins,
            passages,
            queries: queries.to_vec(),
        }
    }

    fn label(&self, what: &str) -> String {
        match self.size {
            372 => format!("372 {what}"),
            size => format!("{},000 {what}", size / 1000),
        }
    }

    /// The rows of one kind's table. Answers are verified first.
    fn table(
        &self,
        kind: Kind,
        queries: &[SearchQuery],
        searched: &[Searched],
        plan: Plan,
    ) -> Vec<Row> {
        for other in searched {
            assert_eq!(
                other.answers, searched[0].answers,
                "stores answer differently"
            );
        }
        let (peer, agreement) = self.peer(kind, queries, &searched[0]).unzip();
        let label = self.label(if kind.among_plugins() {
            "plugins"
        } else {
            "passages"
        });
        let figures = |what: &str, figure: &dyn Fn(&Searched) -> f64, of_peer: Option<Cell>| Row {
            label: format!("{label}, {what}"),
            unit: Unit::Milliseconds,
            target: None,
            cells: searched
                .iter()
                .map(|one| Cell::figure(figure(one)))
                .chain(of_peer)
                .collect(),
        };
        let mut table = Vec::new();
        if searched[0].first.is_some() {
            let none = peer.as_ref().map(|_| Cell::None(String::new()));
            table.push(figures(
                "first search",
                &|one| one.first.unwrap_or_default(),
                none,
            ));
        }
        for hundredths in [50, 95] {
            let of_peer = peer
                .as_ref()
                .map(|peer: &Samples| Cell::figure(peer.percentile(hundredths)));
            let what = format!("p{hundredths}");
            let mut row = figures(&what, &|one| one.samples.percentile(hundredths), of_peer);
            row.target = (self.size == 100_000).then_some(Target::Figure(AT_MOST));
            table.push(row);
        }
        let expected = self.expected(kind, queries, plan);
        let recall = searched.iter().map(|one| {
            let mut share = Share::default();
            for (expected, answer) in expected.iter().zip(&one.answers) {
                share.add(expected, &ids(answer));
            }
            share.cell()
        });
        table.push(Row {
            label: format!("{label}, recall"),
            unit: Unit::Percent,
            target: Some(Target::Figure(99.0)),
            cells: recall.chain(agreement).collect(),
        });
        table
    }

    /// What the first of these queries must find, by looking at every row.
    fn expected(&self, kind: Kind, queries: &[SearchQuery], plan: Plan) -> Vec<BTreeSet<HitId>> {
        if kind == Kind::Semantic {
            let wanted = queries.iter().filter_map(|query| query.embedding.as_ref());
            let near = wanted.map(|wanted| nearest(&self.passages, wanted, BEST));
            return near
                .map(|near| near.into_iter().map(HitId::from).collect())
                .collect();
        }
        let candidates: Vec<Candidate> = if kind.among_plugins() {
            self.plugins.iter().map(plugin_candidate).collect()
        } else {
            self.passages.iter().map(passage_candidate).collect()
        };
        let count = u64::try_from(candidates.len()).unwrap();
        let asked = if self.size > 10_000 {
            5
        } else {
            plan.of(100, 3)
        };
        let queries = queries.iter().take(asked);
        queries
            .map(|query| ids(&rank(query, count, &candidates)))
            .collect()
    }

    /// What the peer took, and how much of its answers ours has; it finds the same, or this panics.
    fn peer(
        &self,
        kind: Kind,
        queries: &[SearchQuery],
        ours: &Searched,
    ) -> Option<(Samples, Cell)> {
        let mut share = Share::default();
        let samples = match kind {
            Kind::Text => {
                let peer = FullText::of(&self.plugins);
                let text = |query: &SearchQuery| query.text.clone().unwrap();
                self.assert_same_rows(&peer, queries);
                for (query, ours) in queries.iter().zip(&ours.answers) {
                    let found = peer.find(&text(query), BEST).into_iter();
                    let found = found.map(|number| HitId::from(self.plugins[number].id));
                    share.add(&ids(ours), &found.collect());
                }
                Samples::of(queries, |query| peer.find(&text(query), BEST))
            }
            Kind::Semantic => {
                let vectors = self
                    .passages
                    .iter()
                    .filter_map(|row| row.embedding.as_ref());
                let peer = Floats::of(vectors.map(Embedding::values));
                let near = |query: &SearchQuery| {
                    let wanted = query.embedding.as_ref().unwrap();
                    peer.near(wanted.values(), BEST)
                };
                for (query, ours) in queries.iter().zip(&ours.answers) {
                    let found = near(query).into_iter();
                    let found = found.map(|number| HitId::from(self.passages[number].id));
                    share.add(&ids(ours), &found.collect());
                }
                assert!(share.hundredths() > 99.0, "the loop finds others");
                Samples::of(queries, near)
            }
            Kind::Typo | Kind::Hybrid => return None,
        };
        Some((samples, share.cell()))
    }

    /// Whatever has one of the words is found by both, where that is few enough to be listed.
    fn assert_same_rows(&self, peer: &FullText, queries: &[SearchQuery]) {
        let store = one_ontology::MemoryStore::new();
        Catalog::new().add_plugins(&store, self.size);
        let most = Limit::new(Limit::MAX);
        for query in queries.iter().take(BEST) {
            let found = peer.find(query.text.as_deref().unwrap(), most.get() + 1);
            if found.len() <= most.get() {
                let query = SearchQuery {
                    limit: most,
                    ..query.clone()
                };
                let ours = block_on(store.search(&registry(), &query)).unwrap();
                let found = found
                    .into_iter()
                    .map(|number| HitId::from(self.plugins[number].id));
                assert_eq!(ids(&ours), found.collect(), "FTS5 finds others");
            }
        }
    }
}

fn ids(hits: &[Hit]) -> BTreeSet<HitId> {
    hits.iter().map(|hit| hit.id).collect()
}

fn plugin_candidate(row: &Thing) -> Candidate {
    Candidate {
        id: row.id.into(),
        text: thing_text(row),
        embedding: None,
    }
}

fn passage_candidate(row: &Knowledge) -> Candidate {
    Candidate {
        id: row.id.into(),
        text: knowledge_text(row),
        embedding: row.embedding.clone(),
    }
}
