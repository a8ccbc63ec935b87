//! Conformance suites and doubles for everyone who implements a port.
