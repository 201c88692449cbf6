-- Service accounts by their e-mail addresses, their keys, and the custom roles of projects, by their names.
CREATE TABLE iam_service_accounts (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX iam_service_accounts_by_parent ON iam_service_accounts (parent, position);
CREATE INDEX iam_service_accounts_by_unique_id ON iam_service_accounts (json_extract(body, '$.uniqueId'));
CREATE TABLE iam_service_account_keys (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX iam_service_account_keys_by_parent ON iam_service_account_keys (parent, position);
CREATE TABLE iam_roles (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX iam_roles_by_parent ON iam_roles (parent, position);
