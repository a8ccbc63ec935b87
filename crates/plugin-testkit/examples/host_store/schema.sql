-- What the host had before there were any plugins. It numbers its rows; everybody else knows them by their `..uuid`.
-- New are the columns `facts`: what we say of a row and the host has no column for, as JSON. Their defaults are for
-- rows that the host writes by itself.

CREATE TABLE organisations (
    org_no INTEGER PRIMARY KEY,
    org_uuid TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    part_of TEXT,
    facts TEXT NOT NULL DEFAULT '{"type": "organization", "status": "active", "visibility": "private",
        "join_policy": "invite_only", "plan": "starter",
        "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}'
);
CREATE INDEX organisations_part_of ON organisations (part_of);

CREATE TABLE users (
    user_no INTEGER PRIMARY KEY,
    org_no INTEGER NOT NULL,
    user_uuid TEXT NOT NULL,
    full_name TEXT NOT NULL,
    e_mail TEXT,
    facts TEXT NOT NULL DEFAULT
        '{"created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}',
    UNIQUE (org_no, user_uuid)
);
CREATE INDEX users_full_name ON users (org_no, full_name, user_uuid);

CREATE TABLE staff (
    org_no INTEGER NOT NULL,
    user_uuid TEXT NOT NULL,
    job TEXT NOT NULL,
    facts TEXT NOT NULL DEFAULT
        '{"status": "active", "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}',
    UNIQUE (org_no, user_uuid)
);

CREATE TABLE assets (
    asset_no INTEGER PRIMARY KEY,
    org_no INTEGER NOT NULL,
    asset_uuid TEXT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (org_no, asset_uuid)
);
CREATE INDEX assets_label ON assets (org_no, label, asset_uuid);
CREATE INDEX assets_kind ON assets (org_no, kind, label, asset_uuid);

CREATE TABLE documents (
    document_no INTEGER PRIMARY KEY,
    org_no INTEGER NOT NULL,
    document_uuid TEXT NOT NULL,
    written TEXT NOT NULL,
    content TEXT,
    facts TEXT NOT NULL,
    UNIQUE (org_no, document_uuid)
);
CREATE INDEX documents_written ON documents (org_no, written DESC, document_uuid);

-- The host had none of the following: they are tables as any others.

CREATE TABLE links (
    org_no INTEGER NOT NULL,
    link_uuid TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    facts TEXT NOT NULL,
    UNIQUE (org_no, link_uuid)
);
CREATE INDEX links_source ON links (org_no, source, link_uuid);
CREATE INDEX links_target ON links (org_no, target, link_uuid);

CREATE TABLE audit_log (
    org_no INTEGER NOT NULL,
    entry_no INTEGER NOT NULL,
    about TEXT,
    entry TEXT NOT NULL,
    PRIMARY KEY (org_no, entry_no)
);
CREATE INDEX audit_log_about ON audit_log (org_no, about, entry_no);

CREATE TABLE allowances (
    org_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (org_no, name)
);

CREATE TABLE requests (
    org_no INTEGER NOT NULL,
    name TEXT NOT NULL,
    receipt TEXT NOT NULL,
    PRIMARY KEY (org_no, name)
);
