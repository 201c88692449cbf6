-- Projects that were created, changed or deleted through the API, by their ids; all others that requests have named are as they come.
CREATE TABLE resourcemanager_projects (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resourcemanager_projects_by_parent ON resourcemanager_projects (parent, position);
