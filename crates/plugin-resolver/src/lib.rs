//! npm ranges, a complete solver, install plans, locks and explained conflicts.
