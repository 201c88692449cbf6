-- A value that is never the same for two states of what it stands for: triggers of the services renew it with each change of their
-- tables, and a rolled back change takes its value along. So whoever remembers something beside the value knows when it is stale.
CREATE TABLE generations (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO generations VALUES ('admission', randomblob(16));
