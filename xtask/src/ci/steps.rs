//! What must hold, and which commands say so.

/// One thing that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// What holds afterwards, in a few words.
    pub name: &'static str,
    /// Run in order, all must succeed.
    pub commands: &'static [Line],
    /// What the machine must have; without it the step is skipped, loudly.
    pub needs: Option<Need>,
}

/// One command line.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Program and arguments.
    pub words: &'static [&'static str],
    /// Where, relative to the root.
    pub folder: &'static str,
    /// Variables added to the environment.
    pub variables: &'static [(&'static str, &'static str)],
    /// Whether to build from nothing, in a target directory of its own.
    pub from_nothing: bool,
}

/// What not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Node's package manager.
    Npm,
    /// `cargo deny`.
    CargoDeny,
    /// The standard library for wasm32-unknown-unknown.
    WasmTarget,
}

pub(super) const fn line(words: &'static [&'static str]) -> Line {
    Line {
        words,
        folder: ".",
        variables: &[],
        from_nothing: false,
    }
}

const JS: &str = "crates/plugin-executor-node/js";

/// Everything that must hold before a change lands, the quick and the likely to fail first.
pub const STEPS: &[Step] = &[
    Step {
        name: "formatting",
        commands: &[line(&["cargo", "fmt", "--all", "--check"])],
        needs: None,
    },
    Step {
        name: "Cargo.lock is up to date",
        commands: &[line(&["cargo", "fetch", "--locked"])],
        needs: None,
    },
    Step {
        name: "tidy",
        commands: &[line(&["cargo", "xtask", "tidy"])],
        needs: None,
    },
    Step {
        name: "clippy",
        commands: &[line(&[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ])],
        needs: None,
    },
    Step {
        name: "tests",
        commands: &[line(&["cargo", "xtask", "test"])],
        needs: None,
    },
    Step {
        name: "40,000 problems for each law, every verdict as a SAT solver's",
        commands: &[Line {
            variables: &[("PROPTEST_CASES", "40000"), ("PROPTEST_RNG_SEED", "1")],
            ..line(&[
                "cargo",
                "test",
                "--release",
                "--package",
                "plugin-resolver",
                "--test",
                "it",
                "--",
                "--show-output",
                "sat::",
            ])
        }],
        needs: None,
    },
    Step {
        name: "20,000 histories of two organisations, none of which tells of the other",
        // In proportion to how long a store takes for one.
        commands: &[
            Line {
                variables: &[("ONE_PLUGIN_HISTORIES", "17600")],
                ..line(&[
                    "cargo",
                    "test",
                    "--release",
                    "--package",
                    "plugin-testkit",
                    "--test",
                    "it",
                    "--",
                    "--show-output",
                    "memory::tells_nothing_of_other_places",
                ])
            },
            Line {
                variables: &[("ONE_PLUGIN_HISTORIES", "2000")],
                ..line(&[
                    "cargo",
                    "test",
                    "--release",
                    "--package",
                    "plugin-store-sqlite",
                    "--test",
                    "it",
                    "--",
                    "--show-output",
                    "in_memory::tells_nothing_of_other_places",
                ])
            },
            Line {
                variables: &[("ONE_PLUGIN_HISTORIES", "400")],
                ..line(&[
                    "cargo",
                    "test",
                    "--release",
                    "--package",
                    "plugin-store-postgres",
                    "--test",
                    "it",
                    "--",
                    "--show-output",
                    "contract::tells_nothing_of_other_places",
                ])
            },
        ],
        needs: None,
    },
    Step {
        name: "200,000 steps of hosts that die, and nothing is lost",
        commands: &[Line {
            variables: &[("ONE_PLUGIN_SIM_STEPS", "200000")],
            ..line(&[
                "cargo",
                "test",
                "--release",
                "--package",
                "plugin-testkit",
                "--test",
                "it",
                "--",
                "--show-output",
                "sim::random_walks_break_nothing",
            ])
        }],
        needs: None,
    },
    Step {
        name: "JavaScript of the Node worker",
        commands: &[
            Line {
                folder: JS,
                ..line(&[
                    "npm",
                    "ci",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                    "--prefer-offline",
                ])
            },
            Line {
                folder: JS,
                ..line(&["npm", "run", "check"])
            },
        ],
        needs: Some(Need::Npm),
    },
    Step {
        name: "documentation",
        commands: &[Line {
            variables: &[("RUSTDOCFLAGS", "-D warnings")],
            ..line(&["cargo", "doc", "--workspace", "--no-deps", "--all-features"])
        }],
        needs: None,
    },
    Step {
        name: "benches run once",
        commands: &[line(&[
            "cargo",
            "bench",
            "--package",
            "benches",
            "--",
            "--quick",
        ])],
        needs: None,
    },
    Step {
        name: "licences, advisories and sources of dependencies",
        commands: &[line(&["cargo", "deny", "check"])],
        needs: Some(Need::CargoDeny),
    },
    Step {
        name: "the core crates check for wasm32",
        commands: &[line(&[
            "cargo",
            "check",
            "--target",
            "wasm32-unknown-unknown",
            "-p",
            "one-ontology",
            "-p",
            "plugin-resolver",
            "-p",
            "plugin-registry",
            "-p",
            "plugin-runtime-api",
            "-p",
            "plugin-lifecycle",
        ])],
        needs: Some(Need::WasmTarget),
    },
    Step {
        name: "the core crates build from nothing",
        commands: &[Line {
            from_nothing: true,
            ..line(&[
                "cargo",
                "build",
                "-p",
                "one-ontology",
                "-p",
                "plugin-resolver",
                "-p",
                "plugin-registry",
                "-p",
                "plugin-runtime-api",
                "-p",
                "plugin-lifecycle",
            ])
        }],
        needs: None,
    },
];
