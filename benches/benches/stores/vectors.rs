//! The index of vectors alone, beside plain loops.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use benches::Random;
use benches::measure::{Effort, medians};
use benches::report::{Cell, Row, Section, Target, Unit};
use one_ontology::Embedding;
use one_ontology::search::{Int8Index, Near, Slot, Slots, VectorIndex};

use crate::Plan;
use crate::catalog::{embedding, noise};
use crate::peers::{Bytes, Floats, Share, best};

/// How many are looked for: as many as a search ranks.
const DEPTH: usize = 100;

/// How many queries are verified.
const QUERIES: usize = 100;

pub(crate) fn sections(plan: Plan) -> Vec<Section> {
    let all = [
        (10_000, 384),
        (10_000, 1_536),
        (100_000, 384),
        (100_000, 1_536),
    ];
    let sizes = if plan.is_quick {
        &[(1_000, 384)][..]
    } else {
        &all
    };
    let rows = sizes
        .iter()
        .flat_map(|(rows, dimensions)| compare(*rows, *dimensions, plan));
    vec![Section {
        title: "Vectors alone: which may be among the 100 nearest".to_owned(),
        note: "CPU time of one thread, medians. The index gives every row that may be one of the nearest by its bytes and their error; those are then \
               compared exactly, so nothing is missed (recall is that of the 100 nearest by the ontology's measure among those given). The loops give \
               the 100 best of their own sums: over bytes compiled for any machine of this kind, which is what the index does without the \
               feature `simd`; over floats with eight sums."
            .to_owned(),
        contestants: ["index, simd", "int8 loop", "f32 loop"].map(str::to_owned).to_vec(),
        ours: 1,
        rows: rows.collect(),
    }]
}

fn compare(rows: usize, dimensions: usize, plan: Plan) -> Vec<Row> {
    let mut random = Random::new(11);
    let topics: Vec<Vec<f32>> = (0..200).map(|_| noise(&mut random, dimensions)).collect();
    let mut vector = || -> Vec<f32> {
        let topic = &topics[random.index(topics.len())];
        let noise = noise(&mut random, dimensions);
        topic.iter().zip(noise).map(|(a, b)| a + 0.7 * b).collect()
    };
    let vectors: Vec<Embedding> = (0..rows).map(|_| embedding(vector())).collect();
    let queries: Vec<Embedding> = (0..plan.of(QUERIES, 3))
        .map(|_| embedding(vector()))
        .collect();
    let (bytes, floats) = (
        Bytes::of(vectors.iter().map(Embedding::values)),
        Floats::of(vectors.iter().map(Embedding::values)),
    );
    let mut index = Int8Index::default();
    let slots: Vec<Slot> = (0..u32::try_from(rows).unwrap()).map(Slot::new).collect();
    for (slot, vector) in slots.iter().zip(&vectors) {
        index.put(*slot, vector.values());
    }
    let among: Slots = slots.iter().copied().collect();
    let near = |query: &Embedding| {
        index.near(&Near {
            vector: query.values(),
            among: &among,
            depth: DEPTH,
            min_similarity: None,
        })
    };
    let mut shares = [(); 3].map(|()| Share::default());
    for query in &queries {
        let expected: BTreeSet<Slot> = exact(&vectors, query)
            .into_iter()
            .map(|at| slots[at])
            .collect();
        let of = |found: Vec<usize>| found.into_iter().map(|at| slots[at]).collect();
        shares[0].add(&expected, &near(query).into_iter().collect());
        shares[1].add(&expected, &of(bytes.near(query.values(), DEPTH)));
        shares[2].add(&expected, &of(floats.near(query.values(), DEPTH)));
    }
    assert!(shares[2].hundredths() > 99.0, "the loop finds others");
    let effort = if plan.is_quick {
        Effort::Once
    } else {
        Effort::Budget(Duration::from_secs(5))
    };
    let query = &queries[0];
    let times = medians(
        effort,
        &mut [
            Box::new(|| drop(black_box(near(query)))),
            Box::new(|| drop(black_box(bytes.near(query.values(), DEPTH)))),
            Box::new(|| drop(black_box(floats.near(query.values(), DEPTH)))),
        ],
    );
    let label = format!("{},000 of {dimensions} numbers", rows / 1000);
    vec![
        Row {
            label: label.clone(),
            unit: Unit::Milliseconds,
            target: None,
            cells: times
                .into_iter()
                .map(|time| Cell::figure(time * 1e3))
                .collect(),
        },
        Row {
            label: format!("{label}, recall"),
            unit: Unit::Percent,
            target: Some(Target::Figure(99.0)),
            cells: shares.iter().map(Share::cell).collect(),
        },
    ]
}

fn exact(vectors: &[Embedding], query: &Embedding) -> Vec<usize> {
    let similarity = vectors.iter().filter_map(|row| query.similarity(row));
    best(similarity.zip(0..).collect(), DEPTH)
}
