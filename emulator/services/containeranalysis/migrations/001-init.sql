CREATE TABLE ca_notes (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX ca_notes_by_parent ON ca_notes (parent, position);

-- digest: `sha256:<64 hex>` where the resourceUri ends in `@sha256:<64 hex>`, else NULL. It is what admission looks attestations up by.
CREATE TABLE ca_occurrences (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  note_name TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.noteName')) VIRTUAL,
  digest TEXT GENERATED ALWAYS AS (
    CASE WHEN substr(json_extract(body, '$.resourceUri'), -72, 8) = '@sha256:'
          AND substr(json_extract(body, '$.resourceUri'), -64) NOT GLOB '*[^0-9a-f]*'
         THEN substr(json_extract(body, '$.resourceUri'), -71) END
  ) VIRTUAL
) STRICT, WITHOUT ROWID;
CREATE INDEX ca_occurrences_by_parent ON ca_occurrences (parent, position);
CREATE INDEX ca_occurrences_by_note ON ca_occurrences (note_name, position);
CREATE INDEX ca_occurrences_by_note_and_digest ON ca_occurrences (note_name, digest, position);
