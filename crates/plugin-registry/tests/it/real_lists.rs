//! The last real lists, when somebody has them: `registry-index.json` and `registry-generated.json` in the folder that
//! `ONE_PLUGIN_REGISTRY_DATA` names.

use std::path::Path;

use plugin_registry::{IndexShape, PluginRecord, RegistryIndex, SourceId};

#[test]
fn every_entry_of_the_real_lists_comes_out() {
    let Some(folder) = std::env::var_os("ONE_PLUGIN_REGISTRY_DATA") else {
        eprintln!(
            "SKIPPED: the real lists of plugins: ONE_PLUGIN_REGISTRY_DATA does not name a folder with registry-index.json and registry-generated.json"
        );
        return;
    };
    let folder = Path::new(&folder);
    for (file, shape) in [
        ("registry-index.json", IndexShape::Flat),
        ("registry-generated.json", IndexShape::Legacy),
    ] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let parsed = RegistryIndex::parse(&bytes).unwrap();
        let index = &parsed.value;
        let installable = index
            .entries
            .values()
            .filter(|e| e.installable.is_yes())
            .count();
        eprintln!(
            "{file}: shape {}, {} entries, {} broken, {installable} installable, {} warnings",
            index.shape,
            index.entries.len(),
            index.broken.len(),
            parsed.report.warnings.len(),
        );
        assert_eq!(index.shape, shape);
        assert_eq!(index.entries.len(), 372);
        assert!(index.broken.is_empty());
        assert!(parsed.report.errors.is_empty());
        let without_version = index
            .entries
            .values()
            .filter(|e| e.lines.values().all(|l| l.npm.is_none()))
            .count();
        if shape == IndexShape::Legacy {
            assert_eq!(without_version, 98);
        }
        for entry in index.entries.values() {
            let record = PluginRecord::from_index(entry, &SourceId("github".to_owned()));
            record.to_properties().unwrap();
        }
    }
}
