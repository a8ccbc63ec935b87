-- Every row is kept whole as JSON in `doc`; the other columns are what queries look for.
-- `place` is empty for the shared registry, else the 16 bytes of the group's id.

CREATE TABLE groups (
    id BLOB NOT NULL PRIMARY KEY,
    parent BLOB,
    doc TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX groups_parent ON groups (parent, id) WHERE parent IS NOT NULL;

CREATE TABLE memberships (
    place BLOB NOT NULL,
    person BLOB NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (place, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX people_id ON people (place, id);
CREATE INDEX people_name ON people (place, name, id);

CREATE TABLE things (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    npm_package TEXT,
    registry_url TEXT,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX things_id ON things (place, id);
CREATE INDEX things_name ON things (place, name, id);
CREATE INDEX things_type ON things (place, type, name, id);
CREATE INDEX things_npm_package ON things (place, npm_package, name, id)
    WHERE npm_package IS NOT NULL;
CREATE INDEX things_registry_url ON things (place, registry_url, name, id)
    WHERE registry_url IS NOT NULL;

-- `from_end`, `to_end`, `target` and `source`: `t`, `p` or `g` and the 16 bytes of the id.
CREATE TABLE connections (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    from_end BLOB NOT NULL,
    to_end BLOB NOT NULL,
    ended INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX connections_id ON connections (place, id);
CREATE INDEX connections_type ON connections (place, type, id);
CREATE INDEX connections_from ON connections (place, from_end, type, id);
CREATE INDEX connections_to ON connections (place, to_end, type, id);

CREATE TABLE events (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    target BLOB,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_seq ON events (place, seq);
CREATE INDEX events_target ON events (place, target, seq) WHERE target IS NOT NULL;

-- `newest` is minus the microseconds of `created_at`, so that the newest sort first.
CREATE TABLE knowledge (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    source BLOB,
    newest INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX knowledge_id ON knowledge (place, id);
CREATE INDEX knowledge_newest ON knowledge (place, newest, id) WHERE archived = 0;
CREATE INDEX knowledge_type ON knowledge (place, type, newest, id) WHERE archived = 0;
CREATE INDEX knowledge_source ON knowledge (place, source, newest, id)
    WHERE archived = 0 AND source IS NOT NULL;

-- Only of knowledge that is not archived.
CREATE TABLE labels (
    place BLOB NOT NULL,
    label TEXT NOT NULL,
    newest INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (place, label, newest, id)
) STRICT, WITHOUT ROWID;

-- `vector`: numbers of four bytes, the lowest first. `n` is that of the knowledge.
CREATE TABLE vectors (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL
) STRICT;
CREATE INDEX vectors_model ON vectors (place, model);

-- The words of what is not archived, each with its place in front: the group's id as 32
-- hexadecimal digits, or `g` for the shared registry. `rowid` is `n`.
CREATE VIRTUAL TABLE thing_words USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='ascii'
);
CREATE VIRTUAL TABLE knowledge_words USING fts5 (
    words, content='', contentless_delete=1, detail=none, tokenize='ascii'
);

CREATE TABLE budgets (
    place BLOB NOT NULL,
    key TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (place, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE receipts (
    place BLOB NOT NULL,
    key TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (place, key)
) STRICT, WITHOUT ROWID;
