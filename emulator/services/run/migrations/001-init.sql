-- Services and jobs of a location, in the order of their names. Tables have rowids: their documents are large.
CREATE TABLE run_services (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX run_services_by_parent ON run_services (parent, position);

CREATE TABLE run_jobs (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX run_jobs_by_parent ON run_jobs (parent, position);

-- Revisions of a service and executions of a job, the newest first; those of all services or jobs of a location too.
CREATE TABLE run_revisions (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  location TEXT NOT NULL GENERATED ALWAYS AS (substr(parent, 1, instr(parent, '/services/') - 1)) VIRTUAL
) STRICT;
CREATE INDEX run_revisions_by_parent ON run_revisions (parent, position);
CREATE INDEX run_revisions_by_location ON run_revisions (location, position);

CREATE TABLE run_executions (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL,
  location TEXT NOT NULL GENERATED ALWAYS AS (substr(parent, 1, instr(parent, '/jobs/') - 1)) VIRTUAL
) STRICT;
CREATE INDEX run_executions_by_parent ON run_executions (parent, position);
CREATE INDEX run_executions_by_location ON run_executions (location, position);
