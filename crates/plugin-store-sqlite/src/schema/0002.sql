-- `changed` of a row: the number of the last event of the change set that wrote it; 0 if that was done by
-- version 1. What is searched in is kept in memory and brought up to date from it, so that words
-- need not be kept here.
ALTER TABLE things ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE knowledge ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX things_changed ON things (place, changed);
CREATE INDEX knowledge_changed ON knowledge (place, changed);

DROP TABLE thing_words;
DROP TABLE knowledge_words;
DROP INDEX vectors_model;
