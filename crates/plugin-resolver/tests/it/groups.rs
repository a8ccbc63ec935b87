//! The fewest groups that meet a request together, and why they are apart.

use std::collections::BTreeSet;

use plugin_resolver::{
    Budget, DependencyKind, Failure, Grouping, Lock, ReleaseFacts, Request, Universe,
    parse_version, resolve, resolve_groups,
};
use proptest::prelude::*;

use crate::cases::config;
use crate::real;
use crate::support::{builder, name, request};

fn grouping(universe: &str, asked: &str) -> Grouping {
    resolve_groups(&builder(universe).build(), &request(asked)).unwrap()
}

/// `a, b | c`: names as they were asked for, by group.
fn names(grouping: &Grouping) -> String {
    let groups = grouping.groups().map(|group| {
        let names: Vec<&str> = group.roots().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    });
    groups.collect::<Vec<_>>().join(" | ")
}

fn check(universe: &str, asked: &str, expect: &str) {
    let grouping = grouping(universe, asked);
    assert!(grouping.is_fewest());
    assert_eq!(names(&grouping), expect, "{asked} of {universe}");
}

/// Core in four versions, and a plugin for each line `name range`.
fn with_core(plugins: &str) -> String {
    let mut text = "core@1.0.0\ncore@2.0.0\ncore@3.0.0\ncore@4.0.0\n".to_owned();
    for line in plugins.split(", ") {
        let (plugin, range) = line.split_once(' ').unwrap();
        text.push_str(&format!("{plugin}@1.0.0: ^core {range}\n"));
    }
    text
}

#[test]
fn what_has_one_answer_has_one_group() {
    let plugins = with_core("a ^1.0.0, b *, c <2");
    check(&plugins, "a *, b *, c *", "a, b, c");
    let one = grouping(&plugins, "a *, b *, c *");
    let answer = resolve(&builder(&plugins).build(), &request("a *, b *, c *")).unwrap();
    assert_eq!(one.groups().next().unwrap().resolution(), &answer);
    assert_eq!(one.boundaries().len(), 0);
}

#[test]
fn each_request_is_in_the_earliest_group_it_can_be_in() {
    let plugins = with_core("a ^1.0.0, b ^2.0.0, c ^3.0.0, d >=2");
    check(&plugins, "a *, b *, c *, d *", "a | b, d | c");
    check(&plugins, "a *, c *, b *, d *", "a | c, d | b");
    check(&plugins, "d *, a *, b *, c *", "d, b | a | c");
}

#[test]
fn early_places_are_given_up_for_fewer_groups() {
    // First fit would place x with a, and then y alone.
    let plugins = with_core("a 1.0.0 || 2.0.0, b 3.0.0 || 4.0.0, x 1.0.0 || 3.0.0, y 2.0.0");
    check(&plugins, "a *, b *, x *, y *", "a, y | b, x");
}

#[test]
fn whoever_is_needed_is_with_those_who_need_it() {
    let plugins = "core@1.0.0
        core@2.0.0
        db@1.0.0
        tool@1.0.0: ^core ^1
        agent@1.0.0: ^core ^2, db ^1
        other@1.0.0: ^core ^1, db ^1";
    check(plugins, "tool *, agent *", "tool | agent");
    // It could be with the tool, and would then run twice.
    check(plugins, "db *, tool *, agent *", "db, agent | tool");
    // It has to run twice; the first of those who need it decides.
    check(
        plugins,
        "tool *, agent *, other *, db *",
        "tool, other, db | agent",
    );
    check(
        plugins,
        "agent *, tool *, other *, db *",
        "agent, db | tool, other",
    );
    // Through another request, and through a package that nobody asked for.
    let chain = "core@1.0.0
        core@2.0.0
        low@1.0.0
        middle@1.0.0: low *
        high@1.0.0: middle *, ^core ^2
        tool@1.0.0: ^core ^1";
    check(
        chain,
        "low *, middle *, tool *, high *",
        "low, middle, high | tool",
    );
    check(chain, "low *, tool *, high *", "low, high | tool");
}

#[test]
fn whoever_may_do_without_does_not_draw() {
    let plugins = "core@1.0.0
        core@2.0.0
        db@1.0.0
        tool@1.0.0: ^core ^1
        agent@1.0.0: ^core ^2, db? ^1
        guest@1.0.0: ^core ^2, ^db? ^1";
    check(plugins, "db *, tool *, agent *", "db, tool | agent");
    check(plugins, "db *, tool *, guest *", "db, tool | guest");
    // What only something optional needs is not needed.
    let plugins = "core@1.0.0
        core@2.0.0
        db@1.0.0: core 2.0.0
        agent@1.0.0: db? *
        tool@1.0.0: core 1.0.0
        other@1.0.0: core 2.0.0";
    check(plugins, "agent *, tool *, other *", "agent, tool | other");
}

#[test]
fn a_request_that_cannot_be_met_is_left_out_with_its_reason() {
    let plugins = with_core("a ^1.0.0, b ^2.0.0, broken ^9.0.0");
    let found = grouping(&plugins, "a *, broken *, missing ^1, b *, a ^7");
    assert_eq!(names(&found), "a | b");
    let left_out: Vec<String> = found
        .left_out()
        .map(|left_out| {
            format!(
                "{} {}: {}",
                left_out.name, left_out.spec, left_out.explanation
            )
        })
        .collect();
    insta::assert_snapshot!(left_out.join("\n"));
    let nothing = grouping(&plugins, "broken *");
    assert_eq!((nothing.groups().len(), nothing.left_out().len()), (0, 1));
    assert_eq!(grouping(&plugins, "").to_string(), "nothing is asked for");
}

#[test]
fn a_package_asked_for_twice_is_in_two_groups() {
    let plugins = "a@1.0.0\na@2.0.0\nb@1.0.0: a ^1";
    check(plugins, "a ^2, a ^1, b *", "a | a, b");
}

#[test]
fn the_host_and_the_lock_hold_in_each_group() {
    let plugins = "core@1.0.0
        core@1.1.0
        core@2.0.0
        a@1.0.0: ^core ^1
        b@1.0.0: ^core ^2
        c@1.0.0: ^core ^1";
    let universe = builder(plugins).build();
    let asked = request("a *, b *, c *");
    let provided = asked
        .clone()
        .host(name("core"), parse_version("1.0.0").unwrap());
    let found = resolve_groups(&universe, &provided).unwrap();
    assert_eq!(names(&found), "a, c");
    insta::assert_snapshot!(found);
    let older = request("a *").host(name("core"), parse_version("1.0.0").unwrap());
    let lock = resolve(&universe, &older).unwrap().lock();
    let found = resolve_groups(&universe, &asked.prefer(lock)).unwrap();
    insta::assert_snapshot!(found);
}

#[test]
fn real_plugins_of_three_generations() {
    // Installed by a package manager of libraries these bring six copies of the core in four versions, and nothing is said.
    let asked = request(
        "@elizaos/plugin-bootstrap 1.7.2, @elizaos/plugin-knowledge 1.6.1, @elizaos/plugin-form 2.0.0-alpha.11, \
         @elizaos/plugin-goals 2.0.0-alpha.9, @elizaos/plugin-web-search 0.25.6-alpha.1",
    );
    let found = resolve_groups(&real::universe(), &asked).unwrap();
    insta::assert_snapshot!(found);
    insta::assert_snapshot!(serde_json::to_string_pretty(&found).unwrap());
    let asked = request(
        "@elizaos/plugin-sql *, @elizaos/plugin-form >=2.0.0-0, @elizaos/plugin-bootstrap ^1.7, @elizaos/plugin-edge-tts 1.0.0, \
         @elizaos/plugin-knowledge ^1.6, @elizaos/plugin-web-search 0.25.6-alpha.1, @elizaos/plugin-discord ^1",
    );
    insta::assert_snapshot!(resolve_groups(&real::universe(), &asked).unwrap());
}

/// Plugins that clash exactly where the graph has an edge: both ends ask for another version of a package of the edge's own.
fn graph(nodes: usize, edges: &[(usize, usize)]) -> (Universe, Request) {
    let mut builder = Universe::builder();
    let mut facts = vec![ReleaseFacts::new(); nodes];
    for (at, (a, b)) in edges.iter().enumerate() {
        let edge = name(&format!("edge-{at}"));
        for (end, version) in [(*a, "1.0.0"), (*b, "2.0.0")] {
            builder.release(
                edge.clone(),
                parse_version(version).unwrap(),
                ReleaseFacts::new(),
            );
            facts[end] = facts[end].clone().needs(
                edge.clone(),
                version.parse().unwrap(),
                DependencyKind::Normal,
            );
        }
    }
    let mut request = Request::new();
    for (node, facts) in facts.into_iter().enumerate() {
        let node = name(&format!("node-{node:03}"));
        builder.release(node.clone(), parse_version("1.0.0").unwrap(), facts);
        request = request.root(node, "*".parse().unwrap());
    }
    (builder.build(), request)
}

/// From a graph to one with a chromatic number greater by one and no larger clique.
fn mycielski(nodes: usize, edges: &[(usize, usize)]) -> (usize, Vec<(usize, usize)>) {
    let mut more = edges.to_vec();
    more.extend(
        edges
            .iter()
            .flat_map(|(a, b)| [(*a, nodes + b), (*b, nodes + a)]),
    );
    more.extend((0..nodes).map(|node| (nodes + node, 2 * nodes)));
    (2 * nodes + 1, more)
}

fn cycle(nodes: usize) -> Vec<(usize, usize)> {
    (0..nodes).map(|node| (node, (node + 1) % nodes)).collect()
}

/// Pairs out of `of`, with an edge where they have nothing in common: `of - 2` colours.
fn kneser(of: usize) -> (usize, Vec<(usize, usize)>) {
    let pairs: Vec<(usize, usize)> = (0..of)
        .flat_map(|a| (a + 1..of).map(move |b| (a, b)))
        .collect();
    let mut edges = Vec::new();
    for (at, (a, b)) in pairs.iter().enumerate() {
        for (other, (c, d)) in pairs.iter().enumerate().skip(at + 1) {
            if BTreeSet::from([a, b, c, d]).len() == 4 {
                edges.push((at, other));
            }
        }
    }
    (pairs.len(), edges)
}

#[test]
fn graphs_whose_cliques_say_little_have_as_many_groups_as_colours() {
    let five = cycle(5);
    let (eleven_nodes, eleven) = mycielski(5, &five);
    let (more_nodes, more) = mycielski(eleven_nodes, &eleven);
    let (kneser_6_nodes, kneser_6) = kneser(6);
    for (nodes, edges, colours) in [
        (4, cycle(4), 2),
        (5, five, 3),
        (21, cycle(21), 3),
        (eleven_nodes, eleven, 4),
        (more_nodes, more, 5),
        (kneser_6_nodes, kneser_6, 4),
    ] {
        let (universe, request) = graph(nodes, &edges);
        let found = resolve_groups(&universe, &request).unwrap();
        assert_eq!((found.groups().len(), found.is_fewest()), (colours, true));
    }
}

#[test]
fn disputes_that_have_nothing_to_do_with_each_other_are_settled_one_by_one() {
    // Searched as one, each way through the first graph would be tried with each way through the second, which has none.
    let (nodes, hard) = kneser(8);
    let (more_nodes, more) = kneser(8);
    let mut edges = hard;
    edges.extend(more.iter().map(|(a, b)| (nodes + a, nodes + b)));
    let (universe, request) = graph(nodes + more_nodes, &edges);
    let found = resolve_groups(&universe, &request).unwrap();
    assert_eq!((found.groups().len(), found.is_fewest()), (6, true));
}

#[test]
fn text_is_bounded_whatever_is_asked() {
    let long = "x".repeat(200);
    let edges: Vec<(usize, usize)> = (0..40)
        .flat_map(|a| (a + 1..40).map(move |b| (a, b)))
        .collect();
    let (universe, request) = graph(40, &edges);
    let request = (0..40).fold(request, |request, at| {
        request.root(name(&format!("{long}-{at}")), "^1".parse().unwrap())
    });
    let found = resolve_groups(&universe, &request).unwrap();
    assert_eq!((found.groups().len(), found.left_out().len()), (40, 40));
    assert_eq!(found.boundaries().len(), 40 * 39 / 2);
    let lines = found.lines();
    assert!(lines.len() <= Grouping::MAX_LINES, "{}", lines.len());
    assert!(found.to_string().len() <= Grouping::MAX_BYTES);
    assert_eq!(found.to_string(), lines.join("\n"));
}

#[test]
fn fewer_groups_still_prefer_early_places() {
    // A path in an order that misleads first fit, and beside it a star whose middle comes last.
    let edges = [(0, 2), (2, 3), (3, 1), (6, 4), (6, 5)];
    let (universe, request) = graph(7, &edges);
    let found = resolve_groups(&universe, &request).unwrap();
    let expect = "node-000, node-003, node-004, node-005 | node-001, node-002, node-006";
    assert_eq!(names(&found), expect);
}

/// The first way, in order of preference, to place the nodes from `node` on so that no edge is within a group.
fn placed(
    nodes: usize,
    edges: &BTreeSet<(usize, usize)>,
    groups: &[Vec<usize>],
    most: usize,
) -> Option<Vec<Vec<usize>>> {
    let node: usize = groups.iter().map(Vec::len).sum();
    if node == nodes {
        return Some(groups.to_vec());
    }
    let clash = |other: &usize| edges.contains(&(*other, node)) || edges.contains(&(node, *other));
    (0..most.min(groups.len() + 1)).find_map(|at| {
        let mut groups = groups.to_vec();
        groups.resize(groups.len().max(at + 1), Vec::new());
        if groups[at].iter().any(clash) {
            return None;
        }
        groups[at].push(node);
        placed(nodes, edges, &groups, most)
    })
}

#[test]
fn a_tag_is_told_with_its_version_and_a_dependency_with_who_brings_it() {
    let plugins = "core@1.0.0
        core@2.0.0
        db@1.0.0: core 2.0.0
        old@1.0.0: ^core stable
        new@1.0.0: db *";
    let mut builder = builder(plugins);
    builder.tag(name("core"), "stable", parse_version("1.0.0").unwrap());
    let found = resolve_groups(&builder.build(), &request("old *, new *")).unwrap();
    let sentence = found.boundaries().next().unwrap().sentence();
    insta::assert_snapshot!(sentence);
}

#[test]
fn three_that_fit_in_pairs_only() {
    let plugins = "core@1.0.0
        core@2.0.0
        core@3.0.0
        a@1.0.0: core 1.0.0 || 2.0.0
        b@1.0.0: core 2.0.0 || 3.0.0
        c@1.0.0: core 1.0.0 || 3.0.0
        d@1.0.0";
    check(plugins, "a *, b *, c *, d *", "a, b, d | c");
    insta::assert_snapshot!(grouping(plugins, "a *, b *, c *, d *"));
}

#[test]
fn clashes_that_no_request_states_by_itself_are_learned() {
    // Either way of `a` leads to a core of its own, and neither is that of `b`; nothing but the solver knows.
    let plugins = "core@1.0.0
        core@2.0.0
        core@3.0.0
        left@1.0.0: core 1.0.0
        right@1.0.0: core 2.0.0
        a@1.0.0: left *
        a@2.0.0: right *
        b@1.0.0: core 3.0.0
        c@1.0.0: core 2.0.0";
    check(plugins, "a *, b *, c *", "a, c | b");
}

#[test]
fn of_one_package_asked_for_twice_the_later_group_is_told_first() {
    let universe = builder("a@1.0.0\n a@2.0.0").build();
    let grouping = resolve_groups(&universe, &request("a 1.0.0, a 2.0.0")).unwrap();
    let told: Vec<String> = grouping.boundaries().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["group 2 is apart from group 1: you ask for a 2.0.0, you ask for a 1.0.0"]
    );
}

#[test]
fn a_short_budget_is_said_and_changes_no_answer_into_a_wrong_one() {
    let (nodes, edges) = kneser(8);
    let (universe, request) = graph(nodes, &edges);
    let nothing = resolve_groups(&universe, &request.clone().budget(Budget::steps(0)));
    assert!(matches!(nothing, Err(Failure::Budget { steps: 0 })));
    // What needs no search needs no budget, as it does not for one answer.
    let easy = request.only(&[0]).budget(Budget::steps(0));
    assert_eq!(resolve_groups(&universe, &easy).unwrap().groups().len(), 1);
    let mut seen = BTreeSet::new();
    for steps in [100, 300, 1_000, 3_000] {
        let request = request.clone().budget(Budget::steps(steps));
        match resolve_groups(&universe, &request) {
            Err(Failure::Budget { .. }) => {}
            Err(failure) => panic!("{failure}"),
            Ok(found) => {
                assert!(found.groups().len() >= 6);
                let placed: usize = found.groups().map(|group| group.roots().len()).sum();
                assert_eq!(placed, nodes);
                seen.insert(found.is_fewest());
                assert_eq!(found, resolve_groups(&universe, &request).unwrap());
            }
        }
    }
    assert!(seen.contains(&false));
}

/// Plugins that need libraries, and some that need another plugin.
#[derive(Debug, Clone)]
struct World {
    /// For each plugin its releases, each with needs of (library, range).
    plugins: Vec<Vec<Vec<(usize, usize)>>>,
    needs: BTreeSet<(usize, usize)>,
}

const LIBRARIES: usize = 3;
const RANGES: [&str; 8] = [
    "1.0.0",
    "2.0.0",
    "3.0.0",
    "<3",
    ">1",
    "1.0.0 || 3.0.0",
    "*",
    "^9",
];

fn worlds() -> impl Strategy<Value = World> {
    let range = prop_oneof![19 => 0..RANGES.len() - 1, 1 => Just(RANGES.len() - 1)];
    let release = prop::collection::vec((0..LIBRARIES, range), 0..3);
    let plugin = prop::collection::vec(release, 1..3);
    (
        prop::collection::vec(plugin, 1..7),
        prop::collection::btree_set((0..7_usize, 0..7_usize), 0..3),
    )
        .prop_map(|(plugins, mut needs)| {
            needs.retain(|(a, b)| a != b && *a < plugins.len() && *b < plugins.len());
            World { plugins, needs }
        })
}

impl World {
    fn plugin(at: usize) -> String {
        format!("plugin-{at}")
    }

    /// Without the plugins named.
    fn universe(&self, without: &[usize]) -> Universe {
        let mut builder = Universe::builder();
        for library in 0..LIBRARIES {
            for version in ["1.0.0", "2.0.0", "3.0.0"] {
                let library = name(&format!("library-{library}"));
                builder.release(
                    library,
                    parse_version(version).unwrap(),
                    ReleaseFacts::new(),
                );
            }
        }
        for (at, releases) in self.plugins.iter().enumerate() {
            builder.package(name(&Self::plugin(at)));
            if without.contains(&at) {
                continue;
            }
            for (version, needs) in releases.iter().enumerate() {
                let mut facts = ReleaseFacts::new();
                for (library, range) in needs {
                    let library = name(&format!("library-{library}"));
                    facts = facts.needs(
                        library,
                        RANGES[*range].parse().unwrap(),
                        DependencyKind::Peer,
                    );
                }
                for (_, other) in self.needs.iter().filter(|(from, _)| *from == at) {
                    facts = facts.needs(
                        name(&Self::plugin(*other)),
                        "*".parse().unwrap(),
                        DependencyKind::Normal,
                    );
                }
                let version = parse_version(&format!("{}.0.0", version + 1)).unwrap();
                builder.release(name(&Self::plugin(at)), version, facts);
            }
        }
        builder.build()
    }

    fn request(plugins: &[usize]) -> Request {
        plugins.iter().fold(Request::new(), |request, at| {
            request.root(name(&Self::plugin(*at)), "*".parse().unwrap())
        })
    }

    /// In each case: without the other it is impossible.
    fn needs(&self, one: usize, other: usize) -> bool {
        one != other && resolve(&self.universe(&[other]), &Self::request(&[one])).is_err()
    }
}

/// The groups by their plugins, from nothing but which sets are possible: the first way with the fewest groups, in order of preference.
struct Oracle<'a> {
    world: &'a World,
    universe: Universe,
}

impl Oracle<'_> {
    fn is_possible(&self, plugins: &[usize]) -> bool {
        resolve(&self.universe, &World::request(plugins)).is_ok()
    }

    fn groups(&self) -> Vec<Vec<usize>> {
        let alone: Vec<usize> = (0..self.world.plugins.len())
            .filter(|at| self.is_possible(&[*at]))
            .collect();
        let mut order: Vec<usize> = Vec::new();
        while order.len() < alone.len() {
            let waits = |at: usize| {
                alone.iter().any(|other| {
                    !order.contains(other)
                        && self.world.needs(*other, at)
                        && !self.world.needs(at, *other)
                })
            };
            let next = alone
                .iter()
                .find(|at| !order.contains(*at) && !waits(**at))
                .unwrap();
            order.push(*next);
        }
        let mut groups = (1..)
            .find_map(|most| self.place(&order, Vec::new(), most))
            .unwrap();
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.sort_unstable();
        groups
    }

    fn place(
        &self,
        order: &[usize],
        groups: Vec<Vec<usize>>,
        most: usize,
    ) -> Option<Vec<Vec<usize>>> {
        let Some((first, rest)) = order.split_first() else {
            return Some(groups);
        };
        let belongs = |group: &Vec<usize>| {
            group
                .iter()
                .any(|other| self.world.needs(*first, *other) || self.world.needs(*other, *first))
        };
        let (with, without): (Vec<usize>, Vec<usize>) =
            (0..groups.len()).partition(|at| belongs(&groups[*at]));
        let new = (groups.len() < most).then_some(groups.len());
        with.into_iter().chain(without).chain(new).find_map(|at| {
            let mut groups = groups.clone();
            match groups.get_mut(at) {
                Some(group) => group.push(*first),
                None => groups.push(vec![*first]),
            }
            let is_possible = self.is_possible(&groups[at]);
            is_possible
                .then(|| self.place(rest, groups, most))
                .flatten()
        })
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn groups_are_the_fewest_and_of_these_the_preferred(world in worlds()) {
        let universe = world.universe(&[]);
        let all: Vec<usize> = (0..world.plugins.len()).collect();
        let found = resolve_groups(&universe, &World::request(&all)).unwrap();
        prop_assert!(found.is_fewest());
        let oracle = Oracle { world: &world, universe: universe.clone() };
        let expect: Vec<String> = oracle
            .groups()
            .into_iter()
            .map(|group| group.into_iter().map(World::plugin).collect::<Vec<_>>().join(", "))
            .filter(|group| !group.is_empty())
            .collect();
        prop_assert_eq!(names(&found), expect.join(" | "));
        let left_out: Vec<usize> = all.iter().copied().filter(|at| !oracle.is_possible(&[*at])).collect();
        prop_assert_eq!(found.left_out().len(), left_out.len());
    }

    #[test]
    fn random_graphs_are_coloured_in_order_of_preference(
        nodes in 4..10_usize,
        edges in prop::collection::btree_set((0..10_usize, 0..10_usize), 4..18),
    ) {
        let edges: BTreeSet<(usize, usize)> =
            edges.into_iter().filter(|(a, b)| a != b && *a < nodes && *b < nodes).collect();
        let (universe, request) = graph(nodes, &edges.iter().copied().collect::<Vec<_>>());
        let expect = (1..).find_map(|most| placed(nodes, &edges, &[], most)).unwrap();
        let expect: Vec<String> = expect
            .iter()
            .map(|group| group.iter().map(|node| format!("node-{node:03}")).collect::<Vec<_>>().join(", "))
            .collect();
        let found = resolve_groups(&universe, &request).unwrap();
        prop_assert!(found.is_fewest());
        prop_assert_eq!(names(&found), expect.join(" | "));
    }

    /// Where each plugin asks for one stretch of the versions of one core, groups are points that hit every stretch, and the fewest of
    /// those are known: always the last version of the first stretch to end.
    #[test]
    fn stretches_of_one_core_are_hit_by_the_fewest_points(
        stretches in prop::collection::vec((1..60_u64, 0..12_u64), 20..60),
    ) {
        let mut builder = Universe::builder();
        for version in 1..=72_u64 {
            let version = parse_version(&format!("{version}.0.0")).unwrap();
            builder.release(name("core"), version, ReleaseFacts::new());
        }
        let mut asked = Request::new();
        for (at, (from, length)) in stretches.iter().enumerate() {
            let range = format!(">={from}.0.0 <={}.0.0", from + length);
            let facts = ReleaseFacts::new().needs(name("core"), range.parse().unwrap(), DependencyKind::Peer);
            let plugin = name(&format!("plugin-{at}"));
            builder.release(plugin.clone(), parse_version("1.0.0").unwrap(), facts);
            asked = asked.root(plugin, "*".parse().unwrap());
        }
        let mut by_end: Vec<(u64, u64)> = stretches.iter().map(|(from, length)| (from + length, *from)).collect();
        by_end.sort_unstable();
        let mut points: Vec<u64> = Vec::new();
        for (end, from) in by_end {
            if points.last().is_none_or(|point| *point < from) {
                points.push(end);
            }
        }
        let found = resolve_groups(&builder.build(), &asked).unwrap();
        prop_assert_eq!((found.groups().len(), found.is_fewest()), (points.len(), true));
    }

    #[test]
    fn a_group_is_the_answer_to_its_requests_and_a_boundary_is_a_conflict_across(world in worlds()) {
        let universe = world.universe(&[]);
        let all: Vec<usize> = (0..world.plugins.len()).collect();
        let found = resolve_groups(&universe, &World::request(&all)).unwrap();
        for (group, lock) in found.groups().zip(found.locks()) {
            let alone = group.roots().fold(Request::new(), |request, (name, spec)| {
                request.root(name.clone(), spec.clone())
            });
            let answer = resolve(&universe, &alone).unwrap();
            prop_assert_eq!(group.resolution(), &answer);
            prop_assert!(lock.answers(&alone));
            prop_assert_eq!(&Lock::parse(&lock.to_json()).unwrap(), &lock);
        }
        let pairs = found.groups().len() * found.groups().len().saturating_sub(1) / 2;
        prop_assert_eq!(found.boundaries().len(), pairs);
        for boundary in found.boundaries() {
            let (earlier, later) = boundary.groups();
            let in_group = |at: usize| {
                let group = found.groups().nth(at).unwrap();
                let names: BTreeSet<_> = group.roots().map(|(name, _)| name.clone()).collect();
                names
            };
            let clashing = boundary.explanation().requests();
            prop_assert!(clashing.iter().any(|r| in_group(earlier).contains(&r.name)));
            prop_assert!(clashing.iter().any(|r| in_group(later).contains(&r.name)));
            let together = clashing.iter().fold(Request::new(), |request, r| {
                request.root(r.name.clone(), r.spec.parse().unwrap())
            });
            prop_assert!(resolve(&universe, &together).is_err());
        }
    }
}

#[test]
fn a_boundary_names_what_is_in_the_groups() {
    // Alone, a would be newer; c keeps it at the version that is in the group.
    let grouping = grouping(
        "a@1.0.0: core 1.0.0\n a@2.0.0: core 3.0.0\n b@1.0.0: core 2.0.0\n c@1.0.0: core 1.0.0\n \
         core@1.0.0\n core@2.0.0\n core@3.0.0",
        "b *, a *, c *",
    );
    insta::assert_snapshot!(grouping, @r"
    3 requests in 2 groups, the fewest possible
      group 1: b 1.0.0; with core 2.0.0
      group 2: a 1.0.0, c 1.0.0; with core 1.0.0
    group 2 is apart from group 1: a 1.0.0 needs core 1.0.0, b 1.0.0 needs core 2.0.0; no other version that is asked for fits either
    ");
}
