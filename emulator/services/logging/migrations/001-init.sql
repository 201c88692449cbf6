-- Logs that have, or had, entries.
CREATE TABLE logging_logs (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

-- Log entries. `id` counts arrivals, `timestamp` is RFC 3339 in UTC with nine digits so that it sorts, `body` the LogEntry as the API
-- shows it; `decision` is what the emulator knows of an audit entry of its own beyond that.
CREATE TABLE logging_entries (
  id INTEGER PRIMARY KEY,
  log_id INTEGER NOT NULL,
  timestamp TEXT NOT NULL,
  insert_id TEXT NOT NULL,
  body TEXT NOT NULL,
  decision TEXT,
  UNIQUE (log_id, timestamp, insert_id)
) STRICT;

-- One row: the id given last, how many entries there are, and how many the bound has dropped. Counted, because count(*) reads them all.
CREATE TABLE logging_counts (last_id INTEGER NOT NULL, entries INTEGER NOT NULL, dropped INTEGER NOT NULL) STRICT;
INSERT INTO logging_counts VALUES (0, 0, 0);
