//! Lists of plugins.

use benches::report::{Cell, Row, Unit};
use futures::executor::block_on;
use one_ontology::{Limit, PluginThingType, Store, Thing, ThingQuery};

use crate::Plan;
use crate::catalog::registry;
use crate::timing::Samples;

/// What listing took on one store.
pub(crate) struct Listed {
    first: Samples,
    named: Samples,
    whole: Samples,
}

/// Lists so many plugins of a store.
pub(crate) fn list(store: &dyn Store, plugins: &[Thing], plan: Plan) -> Listed {
    let query = |limit| ThingQuery {
        limit: Limit::new(limit),
        ..ThingQuery::of_type(PluginThingType::ElizaosPlugin)
    };
    let first = query(20);
    let stride = (plugins.len() / 100).max(1);
    Listed {
        first: Samples::of(0..plan.of(101, 1), |_| {
            let page = block_on(store.things(&registry(), &first)).unwrap();
            assert_eq!(page.items.len(), 20);
        }),
        named: Samples::of(plugins.iter().step_by(stride), |plugin| {
            let name = plugin.properties.text("npm_package").unwrap();
            let query = query(20).with("npm_package", name);
            let page = block_on(store.things(&registry(), &query)).unwrap();
            assert_eq!(page.items.len(), 1);
        }),
        whole: Samples::of(0..1, |_| {
            let mut query = query(Limit::MAX);
            let mut count = 0;
            loop {
                let page = block_on(store.things(&registry(), &query)).unwrap();
                count += page.items.len();
                query.cursor = page.next;
                if query.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(count, plugins.len());
        }),
    }
}

/// What it took on each.
pub(crate) fn rows(size: &str, listed: &[Listed]) -> Vec<Row> {
    let row = |what: &str, figure: &dyn Fn(&Listed) -> f64| Row {
        label: format!("{size}, {what}"),
        unit: Unit::Milliseconds,
        target: None,
        cells: listed.iter().map(|one| Cell::figure(figure(one))).collect(),
    };
    vec![
        row("the first 20, p50", &|one| one.first.percentile(50)),
        row("the first 20, p95", &|one| one.first.percentile(95)),
        row("one by its package, p50", &|one| one.named.percentile(50)),
        row("all, in pages of 1,000", &|one| one.whole.percentile(50)),
    ]
}
