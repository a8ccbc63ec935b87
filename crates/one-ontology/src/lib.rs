//! Six dimensions of facts, scopes, change sets, the Store port and the audit chain.
