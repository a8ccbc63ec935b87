-- `changed` of a row: the number of the last event of the change set that wrote it; 0 if that was done by
-- version 1. What is searched in is kept in memory and brought up to date from it, so that words
-- need not be kept here.
ALTER TABLE things ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE knowledge ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX things_changed ON things (place, changed);
CREATE INDEX knowledge_changed ON knowledge (place, changed);
-- A process of version 1 that still has the file open does not say when it writes a row, and no search would find the row:
-- it is refused.
CREATE TRIGGER things_of_now BEFORE INSERT ON things WHEN new.changed = 0 BEGIN
    SELECT RAISE(ABORT, 'the file was brought to a newer format: stop this program and start one that knows it');
END;
CREATE TRIGGER knowledge_of_now BEFORE INSERT ON knowledge WHEN new.changed = 0 BEGIN
    SELECT RAISE(ABORT, 'the file was brought to a newer format: stop this program and start one that knows it');
END;

DROP TABLE thing_words;
DROP TABLE knowledge_words;
DROP INDEX vectors_model;
