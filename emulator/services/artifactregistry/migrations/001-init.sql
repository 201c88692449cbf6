CREATE TABLE ar_repositories (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ar_repositories_by_parent ON ar_repositories (parent, position);

CREATE TABLE ar_packages (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX ar_packages_by_parent ON ar_packages (parent, position);

-- A version of a package is an image of its repository. The parent is the package.
CREATE TABLE ar_versions (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  repository TEXT NOT NULL GENERATED ALWAYS AS (substr(parent, 1, instr(parent, '/packages/') - 1)) VIRTUAL
) STRICT, WITHOUT ROWID;
CREATE INDEX ar_versions_by_parent ON ar_versions (parent, position);
CREATE INDEX ar_versions_by_repository ON ar_versions (repository, name);

CREATE TABLE ar_tags (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  version TEXT NOT NULL GENERATED ALWAYS AS (json_extract(body, '$.version')) VIRTUAL
) STRICT, WITHOUT ROWID;
CREATE INDEX ar_tags_by_parent ON ar_tags (parent, position);
CREATE INDEX ar_tags_by_version ON ar_tags (version, position);
