-- Every admission decision with its tree, newest last. `project` is the one whose policy decided.
CREATE TABLE binauthz_decisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX binauthz_decisions_by_project ON binauthz_decisions (project, id);
