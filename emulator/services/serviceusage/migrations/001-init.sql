-- The services that are enabled; all others of the catalogue are disabled.
CREATE TABLE serviceusage_services (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX serviceusage_services_by_parent ON serviceusage_services (parent, position);
