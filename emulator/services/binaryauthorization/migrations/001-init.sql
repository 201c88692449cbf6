CREATE TABLE binauthz_policies (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE binauthz_attestors (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX binauthz_attestors_by_parent ON binauthz_attestors (parent, position);

CREATE TABLE binauthz_continuous_validation (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
