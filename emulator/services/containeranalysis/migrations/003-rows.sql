-- Occurrences as rows in the order in which they are made. Without a rowid the whole body stands in an index, sorted by random names: hardly
-- a page has room for the next, and a commit after pages were split in their midst costs SQLite a walk through all that it has in memory.
ALTER TABLE ca_occurrences RENAME TO ca_occurrences_before;
CREATE TABLE ca_occurrences (
  name TEXT NOT NULL PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  note_name TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.noteName')) VIRTUAL,
  digest TEXT GENERATED ALWAYS AS (
    CASE WHEN substr(json_extract(body, '$.resourceUri'), -72, 8) = '@sha256:'
          AND substr(json_extract(body, '$.resourceUri'), -64) NOT GLOB '*[^0-9a-f]*'
         THEN substr(json_extract(body, '$.resourceUri'), -71) END
  ) VIRTUAL
) STRICT;
INSERT INTO ca_occurrences (name, parent, position, body) SELECT name, parent, position, body FROM ca_occurrences_before ORDER BY position;
DROP TABLE ca_occurrences_before; -- its indices and triggers go with it
CREATE INDEX ca_occurrences_by_parent ON ca_occurrences (parent, position);
CREATE INDEX ca_occurrences_by_note ON ca_occurrences (note_name, position);
CREATE INDEX ca_occurrences_by_note_and_digest ON ca_occurrences (note_name, digest, position);
CREATE TRIGGER ca_occurrences_insert AFTER INSERT ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_occurrences_update AFTER UPDATE ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_occurrences_delete AFTER DELETE ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
