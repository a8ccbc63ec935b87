//! The plugin state machine, admission, and the PluginManager that drives both.
