-- Projects that requests have named, with the number that stands for each; `created` ones count where projects must exist.
CREATE TABLE projects (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What the emulator knows of its own data: `initialized` once the seed (or the wish to have none) has been carried out.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
