-- IAM policies by resource (google.iam.v1.Policy), and long-running operations (google.longrunning.Operation).
CREATE TABLE iam_policies (resource TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE operations (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_parent ON operations (parent, position);
