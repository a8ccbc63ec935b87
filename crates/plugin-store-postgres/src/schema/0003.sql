-- `changed` of a row: the number of the last event of the change set that wrote it; 0 if that was done by
-- an earlier version. What is searched in is kept in memory by each host and brought up to date from it, so
-- that words need not be kept here.
ALTER TABLE @things ADD COLUMN changed bigint NOT NULL DEFAULT 0;
ALTER TABLE @knowledge ADD COLUMN changed bigint NOT NULL DEFAULT 0;
-- Only for the rows that are there. A host of an earlier version that still runs does not say when it writes a
-- row, and no search would find the row: it is refused.
ALTER TABLE @things ALTER COLUMN changed DROP DEFAULT;
ALTER TABLE @knowledge ALTER COLUMN changed DROP DEFAULT;
-- Not of all rows: while a table has few, one of all rows looks as good for finding a row by its id.
CREATE INDEX things_changed ON @things (place, changed) WHERE changed > 0;
CREATE INDEX knowledge_changed ON @knowledge (place, changed) WHERE changed > 0;

DROP TABLE @thing_words;
DROP TABLE @knowledge_words;
-- Its index goes with it.
ALTER TABLE @vectors DROP COLUMN dimension;
