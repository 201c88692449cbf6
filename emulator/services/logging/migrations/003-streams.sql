-- Entries of one log and one type of resource are a stream: a filter on either reads no others.
CREATE TABLE logging_streams (
  id INTEGER PRIMARY KEY,
  log_name TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  UNIQUE (log_name, resource_type)
) STRICT;

INSERT INTO logging_streams (log_name, resource_type)
SELECT DISTINCT name, coalesce(body ->> '$.resource.type', '') FROM logging_entries JOIN logging_logs ON logging_logs.id = log_id;

-- below 0 first, so that no entry meets one that still has the number of its log
UPDATE logging_entries SET log_id = -(
  SELECT logging_streams.id FROM logging_streams JOIN logging_logs ON log_name = name
  WHERE logging_logs.id = log_id AND resource_type = coalesce(body ->> '$.resource.type', '')
);
UPDATE logging_entries SET log_id = -log_id;
ALTER TABLE logging_entries RENAME COLUMN log_id TO stream_id;
DROP TABLE logging_logs;

-- `insertId="…"` finds what it names: in any case of ASCII letters; the few ids with other characters are looked through.
CREATE INDEX logging_entries_insert_id ON logging_entries (insert_id COLLATE NOCASE);
CREATE INDEX logging_entries_other_insert_id ON logging_entries (stream_id) WHERE insert_id GLOB '*[^ -~]*';

CREATE TABLE logging_sinks (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX logging_sinks_by_parent ON logging_sinks (parent, position);

CREATE TABLE logging_metrics (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX logging_metrics_by_parent ON logging_metrics (parent, position);
