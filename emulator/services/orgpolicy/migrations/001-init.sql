-- Organization policies of projects, and the custom constraints of organizations.
CREATE TABLE orgpolicy_policies (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orgpolicy_policies_by_parent ON orgpolicy_policies (parent, position);
CREATE TABLE orgpolicy_custom_constraints (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX orgpolicy_custom_constraints_by_parent ON orgpolicy_custom_constraints (parent, position);
CREATE INDEX orgpolicy_custom_constraints_by_id ON orgpolicy_custom_constraints (position, parent);
