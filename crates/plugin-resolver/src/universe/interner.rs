//! Each different thing one number: specifiers, needs, lists of edges, sets of versions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::builder::{UniverseBuilder, number};
use super::facts::ReleaseFacts;
use super::symbols::{ExportTable, Symbols};
use super::tables::{Demanded, EVERYTHING, Edge, NOTHING, Need, Tables};
use super::{Bits, DependencyKind, Standing, real_name};
use crate::spec::Spec;
use crate::{PackageName, Prereleases};

/// The text of a specifier and the rule that it was read by.
type Wording<'a> = (Cow<'a, str>, Prereleases);

/// Target, entry, names.
type Import<'a> = (u32, &'a str, &'a BTreeSet<Box<str>>);

/// Fills in what releases need.
pub(super) struct Interner<'a> {
    builder: &'a UniverseBuilder,
    /// Packages and versions.
    tables: Tables,
    packages: BTreeMap<&'a PackageName, u32>,
    specs: Vec<(Spec, Arc<str>)>,
    spec_numbers: BTreeMap<Wording<'a>, u32>,
    symbols: Vec<Symbols>,
    symbol_numbers: BTreeMap<(u32, Symbols), u32>,
    needs: Vec<Need>,
    need_numbers: BTreeMap<(u32, Demanded), u32>,
    admitted: Vec<Bits>,
    admitted_numbers: BTreeMap<Bits, u32>,
    exports: BTreeMap<u32, ExportTable<'a>>,
    /// The needs that each different import comes to.
    imports: BTreeMap<Import<'a>, Vec<u32>>,
}

impl<'a> Interner<'a> {
    /// `tables` holds packages, by `names`, and their releases.
    pub(super) fn new(
        builder: &'a UniverseBuilder,
        names: BTreeSet<&'a PackageName>,
        tables: Tables,
    ) -> Self {
        let mut interner = Self {
            builder,
            tables,
            packages: names.into_iter().zip(0..).collect(),
            specs: Vec::new(),
            spec_numbers: BTreeMap::new(),
            symbols: Vec::new(),
            symbol_numbers: BTreeMap::new(),
            needs: Vec::new(),
            need_numbers: BTreeMap::new(),
            admitted: Vec::new(),
            admitted_numbers: BTreeMap::new(),
            exports: BTreeMap::new(),
            imports: BTreeMap::new(),
        };
        // As `NOTHING` and `EVERYTHING` say.
        interner.admit(Bits::EMPTY);
        interner.admit(Bits::EMPTY.complement());
        interner
    }

    pub(super) fn finish(mut self) -> Tables {
        let mut edges: Vec<Edge> = Vec::new();
        // The first list is that of nothing.
        let mut lists = vec![0, 0];
        let mut last = Vec::new();
        for (place, facts) in self.builder.all_facts().enumerate() {
            let own = self.edges(facts);
            // Releases that follow each other mostly need the same.
            if own != last && !own.is_empty() {
                edges.extend(&own);
                lists.push(number(edges.len()));
            }
            if let Some(release) = self.tables.releases.get_mut(place) {
                release.list = if own.is_empty() {
                    0
                } else {
                    number(lists.len() - 2)
                };
            }
            if !own.is_empty() {
                last = own;
            }
        }
        Tables {
            lists: lists.into(),
            edges: edges.into(),
            needs: self.needs.into(),
            admitted: self.admitted.into(),
            specs: self.specs.into(),
            symbols: self.symbols.into(),
            ..self.tables
        }
    }

    /// Dependencies by target, kind and text; then what is imported.
    fn edges(&mut self, facts: &'a ReleaseFacts) -> Vec<Edge> {
        let mut sorted: Vec<(u32, DependencyKind, Wording<'a>, &Spec)> = facts
            .dependencies
            .iter()
            .filter_map(|(name, spec, kind)| {
                let target = *self.packages.get(real_name(name, spec))?;
                Some((target, *kind, (spec.text(), spec.prereleases()), spec))
            })
            .collect();
        sorted.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
        sorted.dedup_by(|a, b| (a.0, a.1, &a.2) == (b.0, b.1, &b.2));
        let mut edges = Vec::with_capacity(sorted.len());
        for (target, kind, wording, spec) in sorted {
            let need = self.need(target, kind, wording, spec);
            edges.push(Edge { need });
        }
        for ((name, entry), names) in &facts.imports {
            let needs = self.imported(name, entry, names);
            edges.extend(needs.into_iter().map(|need| Edge { need }));
        }
        edges
    }

    fn need(
        &mut self,
        target: u32,
        kind: DependencyKind,
        wording: Wording<'a>,
        spec: &Spec,
    ) -> u32 {
        let spec_number = match self.spec_numbers.get(&wording) {
            Some(known) => *known,
            None => {
                let next = number(self.specs.len());
                self.specs.push((spec.clone(), wording.0.as_ref().into()));
                self.spec_numbers.insert(wording, next);
                next
            }
        };
        let demanded = Demanded::Spec(kind, spec_number);
        match self.need_numbers.get(&(target, demanded)) {
            Some(known) => *known,
            None => {
                let admitted = self.meeting(target, kind, spec);
                self.add_need(target, demanded, admitted)
            }
        }
    }

    /// Which releases of the target meet a specifier.
    fn meeting(&mut self, target: u32, kind: DependencyKind, spec: &Spec) -> u32 {
        let Some(package) = self.tables.package(target) else {
            return NOTHING;
        };
        match package.standing {
            Standing::Known => {
                let admitted = package.admitted(spec, Prereleases::WhereNamed);
                self.admit(admitted)
            }
            Standing::Missing if kind.is_required() => NOTHING,
            Standing::Missing | Standing::External => EVERYTHING,
        }
    }

    fn admit(&mut self, admitted: Bits) -> u32 {
        if let Some(known) = self.admitted_numbers.get(&admitted) {
            return *known;
        }
        let next = number(self.admitted.len());
        self.admitted.push(admitted.clone());
        self.admitted_numbers.insert(admitted, next);
        next
    }

    fn add_need(&mut self, target: u32, demanded: Demanded, admitted: u32) -> u32 {
        let next = number(self.needs.len());
        self.needs.push(Need {
            target,
            demanded,
            admitted,
        });
        self.need_numbers.insert((target, demanded), next);
        next
    }

    fn imported(
        &mut self,
        name: &PackageName,
        entry: &'a str,
        names: &'a BTreeSet<Box<str>>,
    ) -> Vec<u32> {
        let known = self.packages.get(name);
        let (Some(&target), Some(collected)) = (known, self.builder.packages.get(name)) else {
            return Vec::new();
        };
        if let Some(known) = self.imports.get(&(target, entry, names)) {
            return known.clone();
        }
        let table = self
            .exports
            .entry(target)
            .or_insert_with(|| ExportTable::new(collected.releases.values()));
        let demands = table.demands(entry, names);
        let needs: Vec<u32> = demands
            .into_iter()
            .map(|(symbols, admitted)| self.symbol_need(target, symbols, admitted))
            .collect();
        self.imports.insert((target, entry, names), needs.clone());
        needs
    }

    fn symbol_need(&mut self, target: u32, symbols: Symbols, admitted: Bits) -> u32 {
        let symbols = match self.symbol_numbers.get(&(target, symbols.clone())) {
            Some(known) => *known,
            None => {
                let next = number(self.symbols.len());
                self.symbols.push(symbols.clone());
                self.symbol_numbers.insert((target, symbols), next);
                next
            }
        };
        let demanded = Demanded::Symbols(symbols);
        match self.need_numbers.get(&(target, demanded)) {
            Some(known) => *known,
            None => {
                let admitted = self.admit(admitted);
                self.add_need(target, demanded, admitted)
            }
        }
    }
}
