//! What a plugin is, and the ports that run one.
