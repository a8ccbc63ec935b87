//! Store and Directory on an embedded SQLite file.
