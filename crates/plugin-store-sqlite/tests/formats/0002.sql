-- A file of version 2, as the program of that version wrote it.
PRAGMA application_id = 0x4f4e4570;
PRAGMA user_version = 2;
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
, changed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX things_id ON things (place, id);
CREATE INDEX things_name ON things (place, name, id);
CREATE INDEX things_type ON things (place, type, name, id);
CREATE INDEX things_npm_package ON things (place, npm_package, name, id)
    WHERE npm_package IS NOT NULL;
CREATE INDEX things_registry_url ON things (place, registry_url, name, id)
    WHERE registry_url IS NOT NULL;
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
CREATE TABLE knowledge (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    source BLOB,
    newest INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    doc TEXT NOT NULL
, changed INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX knowledge_id ON knowledge (place, id);
CREATE INDEX knowledge_newest ON knowledge (place, newest, id) WHERE archived = 0;
CREATE INDEX knowledge_type ON knowledge (place, type, newest, id) WHERE archived = 0;
CREATE INDEX knowledge_source ON knowledge (place, source, newest, id)
    WHERE archived = 0 AND source IS NOT NULL;
CREATE TABLE labels (
    place BLOB NOT NULL,
    label TEXT NOT NULL,
    newest INTEGER NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (place, label, newest, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE vectors (
    n INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    model TEXT NOT NULL,
    vector BLOB NOT NULL
) STRICT;
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
CREATE INDEX things_changed ON things (place, changed);
CREATE INDEX knowledge_changed ON knowledge (place, changed);
CREATE TRIGGER things_of_now BEFORE INSERT ON things WHEN new.changed = 0 BEGIN
    SELECT RAISE(ABORT, 'the file was brought to a newer format: stop this program and start one that knows it');
END;
CREATE TRIGGER knowledge_of_now BEFORE INSERT ON knowledge WHEN new.changed = 0 BEGIN
    SELECT RAISE(ABORT, 'the file was brought to a newer format: stop this program and start one that knows it');
END;
INSERT INTO groups (id, parent, doc) VALUES (x'bdccaca102fb8e06a235594704248411', NULL, '{"created_at":"2026-01-01T00:00:04.000000Z","id":"bdccaca1-02fb-8e06-a235-594704248411","join_policy":"invite_only","name":"A group","plan":"starter","revision":1,"status":"active","type":"organization","updated_at":"2026-01-01T00:00:04.000000Z","visibility":"private"}');
INSERT INTO memberships (place, person, doc) VALUES (x'bdccaca102fb8e06a235594704248411', x'98649ad1168a8c69a7b579ce9925ff8f', '{"created_at":"2026-01-01T00:00:04.000000Z","person":"98649ad1-168a-8c69-a7b5-79ce9925ff8f","place":"group:bdccaca1-02fb-8e06-a235-594704248411","revision":1,"role":"group_owner","status":"active","updated_at":"2026-01-01T00:00:04.000000Z"}');
INSERT INTO people (n, place, id, name, doc) VALUES (1, x'bdccaca102fb8e06a235594704248411', x'98649ad1168a8c69a7b579ce9925ff8f', 'Zoë', '{"created_at":"2026-01-01T00:00:04.000000Z","display_name":"Zoë","id":"98649ad1-168a-8c69-a7b5-79ce9925ff8f","place":"group:bdccaca1-02fb-8e06-a235-594704248411","revision":1,"updated_at":"2026-01-01T00:00:04.000000Z"}');
INSERT INTO things (n, place, id, type, name, status, npm_package, registry_url, doc, changed) VALUES (1, x'', x'bf3a53e8b0298acf958f66942030ed63', 'course', 'Rust, from the middle', 'active', '@history/rust', 'https://example.com/rust', '{"created_at":"2026-01-01T00:00:00.000000Z","id":"bf3a53e8-b029-8acf-958f-66942030ed63","name":"Rust, from the middle","place":"global","properties":{"description":"Größe, 変数 and l''accès","npm_package":"@history/rust","registry_url":"https://example.com/rust","weight":0.1},"revision":2,"status":"active","type":"course","updated_at":"2026-01-01T00:00:02.000000Z"}', 3);
INSERT INTO things (n, place, id, type, name, status, npm_package, registry_url, doc, changed) VALUES (2, x'', x'75d99987eb2c8ed9bb937ecd4dffc82d', 'course', 'An archived thing', 'archived', NULL, NULL, '{"created_at":"2026-01-01T00:00:01.000000Z","id":"75d99987-eb2c-8ed9-bb93-7ecd4dffc82d","name":"An archived thing","place":"global","properties":{},"revision":2,"status":"archived","type":"course","updated_at":"2026-01-01T00:00:03.000000Z"}', 4);
INSERT INTO things (n, place, id, type, name, status, npm_package, registry_url, doc, changed) VALUES (3, x'bdccaca102fb8e06a235594704248411', x'7f03683f5fe4819989c1e494e465209a', 'course', 'one', 'active', NULL, NULL, '{"created_at":"2026-01-01T00:00:05.000000Z","id":"7f03683f-5fe4-8199-89c1-e494e465209a","name":"one","place":"group:bdccaca1-02fb-8e06-a235-594704248411","properties":{},"revision":1,"status":"active","type":"course","updated_at":"2026-01-01T00:00:05.000000Z"}', 2);
INSERT INTO things (n, place, id, type, name, status, npm_package, registry_url, doc, changed) VALUES (4, x'bdccaca102fb8e06a235594704248411', x'dc629a4d28718fa3bb7a3ee1d70a736e', 'course', 'two', 'active', NULL, NULL, '{"created_at":"2026-01-01T00:00:05.000000Z","id":"dc629a4d-2871-8fa3-bb7a-3ee1d70a736e","name":"two","place":"group:bdccaca1-02fb-8e06-a235-594704248411","properties":{},"revision":1,"status":"active","type":"course","updated_at":"2026-01-01T00:00:05.000000Z"}', 2);
INSERT INTO connections (n, place, id, type, from_end, to_end, ended, doc) VALUES (1, x'bdccaca102fb8e06a235594704248411', x'76b2851d43968a10980e53774b5542ff', 'part_of', x'74dc629a4d28718fa3bb7a3ee1d70a736e', x'747f03683f5fe4819989c1e494e465209a', 0, '{"created_at":"2026-01-01T00:00:05.000000Z","from":"thing:dc629a4d-2871-8fa3-bb7a-3ee1d70a736e","id":"76b2851d-4396-8a10-980e-53774b5542ff","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","relationship_type":"part_of","revision":1,"to":"thing:7f03683f-5fe4-8199-89c1-e494e465209a","valid_from":"2026-01-01T00:00:05.000000Z"}');
INSERT INTO connections (n, place, id, type, from_end, to_end, ended, doc) VALUES (2, x'bdccaca102fb8e06a235594704248411', x'e687c71319758ecb909f6c8ef8b7eb32', 'part_of', x'747f03683f5fe4819989c1e494e465209a', x'74dc629a4d28718fa3bb7a3ee1d70a736e', 1, '{"created_at":"2026-01-01T00:00:05.000000Z","from":"thing:7f03683f-5fe4-8199-89c1-e494e465209a","id":"e687c713-1975-8ecb-909f-6c8ef8b7eb32","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","relationship_type":"part_of","revision":2,"to":"thing:dc629a4d-2871-8fa3-bb7a-3ee1d70a736e","valid_from":"2026-01-01T00:00:05.000000Z","valid_to":"2026-01-01T00:00:07.000000Z"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (1, x'', 1, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:00.000000Z","digest":"879044b2a7399061f1c2966d4be3e073e53e8f5a023ed749d237eb148c664340","id":"fc5e36c3-3209-8078-bbdd-7804635d3418","metadata":{},"place":"global","seq":1,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (2, x'', 2, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:01.000000Z","digest":"277cbf78df6215eb88fddd7d238936e2f13d4c59bcdab23a0cd4b89e95f030e7","id":"79f14c99-519b-8768-b6de-450efcc7184c","metadata":{},"place":"global","previous":"879044b2a7399061f1c2966d4be3e073e53e8f5a023ed749d237eb148c664340","seq":2,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (3, x'', 3, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:02.000000Z","digest":"de56c103b05f1a97330b87cd2a592f30d31974f5da8b7e33421604be576ff670","id":"5b016ebe-dc42-8a29-a881-41edb983d933","metadata":{},"place":"global","previous":"277cbf78df6215eb88fddd7d238936e2f13d4c59bcdab23a0cd4b89e95f030e7","seq":3,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (4, x'', 4, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:03.000000Z","digest":"507ea1a4e2d3c12143622a8765035a182992d107c0c2eb1ed7b75d7dfdad4279","id":"1d3a980d-b80f-8548-a002-8b79b061f082","metadata":{},"place":"global","previous":"de56c103b05f1a97330b87cd2a592f30d31974f5da8b7e33421604be576ff670","seq":4,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (5, x'bdccaca102fb8e06a235594704248411', 1, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:04.000000Z","digest":"e8ad4c343ab1688970773e3b162f1db137a7846c0172f0deaa3f462ea0bea289","id":"05109c9d-2e3e-8386-84cd-0ff3d837d866","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","seq":1,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (6, x'bdccaca102fb8e06a235594704248411', 2, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:05.000000Z","digest":"ecc808ca3cb383ff2e6826b4f3d60fb771772e48042fe56d2d313241f89f6add","id":"d1b5301c-7d81-8785-b8c4-5d490f6aed8f","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","previous":"e8ad4c343ab1688970773e3b162f1db137a7846c0172f0deaa3f462ea0bea289","seq":2,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (7, x'bdccaca102fb8e06a235594704248411', 3, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:06.000000Z","digest":"03ce38930c69d01f2d0ff40cc3fb9445964ed5f614728a53b478dcb38abb53bb","id":"a42d153d-6dc0-8e30-ac95-174aee404d09","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","previous":"ecc808ca3cb383ff2e6826b4f3d60fb771772e48042fe56d2d313241f89f6add","seq":3,"type":"entity_created"}');
INSERT INTO events (n, place, seq, type, target, doc) VALUES (8, x'bdccaca102fb8e06a235594704248411', 4, 'entity_created', NULL, '{"actor":"system:test","at":"2026-01-01T00:00:07.000000Z","digest":"42a01cd9aa5ac967babc596095c84efad1796c1c9a850633791c6e1b2096f5a5","id":"c4d0c8b3-2215-8497-a95b-c95be2328991","metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","previous":"03ce38930c69d01f2d0ff40cc3fb9445964ed5f614728a53b478dcb38abb53bb","seq":4,"type":"entity_created"}');
INSERT INTO knowledge (n, place, id, type, source, newest, archived, doc, changed) VALUES (1, x'bdccaca102fb8e06a235594704248411', x'59626706987c8d4b83eb330e72eaebc7', 'chunk', x'747f03683f5fe4819989c1e494e465209a', -1767225606000000, 0, '{"created_at":"2026-01-01T00:00:06.000000Z","id":"59626706-987c-8d4b-83eb-330e72eaebc7","labels":["level:first","topic:rust"],"metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","revision":1,"source":{"end":"thing:7f03683f-5fe4-8199-89c1-e494e465209a","field":"description","role":"summary"},"text":"What is known of one","type":"chunk","updated_at":"2026-01-01T00:00:06.000000Z"}', 3);
INSERT INTO knowledge (n, place, id, type, source, newest, archived, doc, changed) VALUES (2, x'bdccaca102fb8e06a235594704248411', x'5cd70011ec2f8d9391e5959fa23f672d', 'chunk', NULL, -1767225606000000, 1, '{"archived_at":"2026-01-01T00:00:07.000000Z","created_at":"2026-01-01T00:00:06.000000Z","id":"5cd70011-ec2f-8d93-91e5-959fa23f672d","labels":["topic:none"],"metadata":{},"place":"group:bdccaca1-02fb-8e06-a235-594704248411","revision":2,"text":"What was known","type":"chunk","updated_at":"2026-01-01T00:00:07.000000Z"}', 4);
INSERT INTO labels (place, label, newest, id) VALUES (x'bdccaca102fb8e06a235594704248411', 'level:first', -1767225606000000, x'59626706987c8d4b83eb330e72eaebc7');
INSERT INTO labels (place, label, newest, id) VALUES (x'bdccaca102fb8e06a235594704248411', 'topic:rust', -1767225606000000, x'59626706987c8d4b83eb330e72eaebc7');
INSERT INTO vectors (n, place, model, vector) VALUES (1, x'bdccaca102fb8e06a235594704248411', 'test', x'0000803e0000c0bf00004040');
INSERT INTO budgets (place, key, doc) VALUES (x'bdccaca102fb8e06a235594704248411', 'history', '{"kind":"level","used":1}');
INSERT INTO receipts (place, key, doc) VALUES (x'bdccaca102fb8e06a235594704248411', 'history:learnt', '{"answer":"done","budgets":{"history":{"kind":"level","used":1}},"first":3,"head":{"digest":"03ce38930c69d01f2d0ff40cc3fb9445964ed5f614728a53b478dcb38abb53bb","seq":3},"place":"group:bdccaca1-02fb-8e06-a235-594704248411"}');
