-- `@` stands for the schema. Every row is kept whole as JSON in `doc`; the other columns are what
-- queries look for. `place` is one zero byte for the shared registry, else the 16 bytes of the
-- group's id. Names and keys sort by their bytes.

CREATE TABLE @groups (
    place bytea NOT NULL PRIMARY KEY,
    parent bytea,
    doc text NOT NULL
);
CREATE INDEX groups_parent ON @groups (parent, place) WHERE parent IS NOT NULL;

CREATE TABLE @memberships (
    place bytea NOT NULL,
    person uuid NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, person)
);

CREATE TABLE @people (
    place bytea NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, id)
);
CREATE INDEX people_name ON @people (place, name, id);

-- `npm_package` and `registry_url` are cut off where an index would refuse them.
CREATE TABLE @things (
    place bytea NOT NULL,
    id uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    npm_package text COLLATE "C",
    registry_url text COLLATE "C",
    doc text NOT NULL,
    PRIMARY KEY (place, id)
);
CREATE INDEX things_name ON @things (place, name, id);
CREATE INDEX things_type ON @things (place, type, name, id);
CREATE INDEX things_npm_package ON @things (place, npm_package, name, id)
    WHERE npm_package IS NOT NULL;
CREATE INDEX things_registry_url ON @things (place, registry_url, name, id)
    WHERE registry_url IS NOT NULL;

-- `from_end`, `to_end`, `target` and `source`: `t`, `p` or `g` and the 16 bytes of the id.
CREATE TABLE @connections (
    place bytea NOT NULL,
    id uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    from_end bytea NOT NULL,
    to_end bytea NOT NULL,
    ended boolean NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, id)
);
CREATE INDEX connections_type ON @connections (place, type, id);
CREATE INDEX connections_from ON @connections (place, from_end, type, id);
CREATE INDEX connections_to ON @connections (place, to_end, type, id);

CREATE TABLE @events (
    place bytea NOT NULL,
    seq bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    target bytea,
    doc text NOT NULL,
    PRIMARY KEY (place, seq)
);
CREATE INDEX events_target ON @events (place, target, seq) WHERE target IS NOT NULL;

-- `newest` is minus the microseconds of `created_at`, so that the newest sort first.
CREATE TABLE @knowledge (
    place bytea NOT NULL,
    id uuid NOT NULL,
    type text COLLATE "C" NOT NULL,
    source bytea,
    newest bigint NOT NULL,
    archived boolean NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, id)
);
CREATE INDEX knowledge_newest ON @knowledge (place, newest, id) WHERE NOT archived;
CREATE INDEX knowledge_type ON @knowledge (place, type, newest, id) WHERE NOT archived;
CREATE INDEX knowledge_source ON @knowledge (place, source, newest, id)
    WHERE NOT archived AND source IS NOT NULL;

-- Only of knowledge that is not archived.
CREATE TABLE @labels (
    place bytea NOT NULL,
    label text COLLATE "C" NOT NULL,
    newest bigint NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (place, label, newest, id)
);

-- `vector`: numbers of four bytes, the lowest first. `id` is that of the knowledge.
CREATE TABLE @vectors (
    place bytea NOT NULL,
    id uuid NOT NULL,
    model text COLLATE "C" NOT NULL,
    dimension integer NOT NULL,
    vector bytea NOT NULL,
    PRIMARY KEY (place, id)
);
ALTER TABLE @vectors ALTER COLUMN vector SET STORAGE EXTERNAL;
CREATE INDEX vectors_model ON @vectors (place, model, dimension);

-- The words of what is not archived. Rows and not an index over arrays: under row-level security
-- PostgreSQL asks an index only with operators that cannot leak, and those of arrays are not.
CREATE TABLE @thing_words (
    place bytea NOT NULL,
    word text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (place, word, id)
);
CREATE TABLE @knowledge_words (
    place bytea NOT NULL,
    word text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    PRIMARY KEY (place, word, id)
);

CREATE TABLE @budgets (
    place bytea NOT NULL,
    key text COLLATE "C" NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, key)
);

CREATE TABLE @receipts (
    place bytea NOT NULL,
    key text COLLATE "C" NOT NULL,
    doc text NOT NULL,
    PRIMARY KEY (place, key)
);

-- A transaction says where it is in `one.place`. When it does not, or no longer does (the setting
-- is then empty), no row is there: `decode` of null is null. The owner is bound too.
DO $$
DECLARE
    here CONSTANT text := $q$place = decode(nullif(current_setting('one.place', true), ''), 'hex')$q$;
    facts text;
BEGIN
    FOREACH facts IN ARRAY ARRAY[
        'groups', 'memberships', 'people', 'things', 'connections', 'events', 'knowledge',
        'labels', 'vectors', 'thing_words', 'knowledge_words', 'budgets', 'receipts'
    ] LOOP
        EXECUTE format('ALTER TABLE @%I ENABLE ROW LEVEL SECURITY', facts);
        EXECUTE format('ALTER TABLE @%I FORCE ROW LEVEL SECURITY', facts);
        EXECUTE format('CREATE POLICY here_read ON @%I FOR SELECT USING (%s)', facts, here);
        EXECUTE format('CREATE POLICY here_add ON @%I FOR INSERT WITH CHECK (%s)', facts, here);
        -- What happened is never changed, nor is what was answered.
        IF facts NOT IN ('events', 'receipts') THEN
            EXECUTE format('CREATE POLICY here_change ON @%I FOR UPDATE USING (%s)', facts, here);
        END IF;
        -- Rows are archived and never deleted; what is derived from them is.
        IF facts IN ('labels', 'vectors', 'thing_words', 'knowledge_words') THEN
            EXECUTE format('CREATE POLICY here_remove ON @%I FOR DELETE USING (%s)', facts, here);
        END IF;
    END LOOP;
END
$$;

-- The other end of a connection may be in the shared registry: only a commit that looks for ends
-- says so.
CREATE POLICY ends_read ON @things FOR SELECT
    USING (place = '\x00' AND current_setting('one.ends', true) = 'on');

-- Which groups lie below a group is asked before there is a place: only the directory says so.
CREATE POLICY directory_read ON @groups FOR SELECT
    USING (current_setting('one.directory', true) = 'on');
