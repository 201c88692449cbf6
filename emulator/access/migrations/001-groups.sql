-- Groups of members, as the seed names them.
CREATE TABLE iam_groups (email TEXT NOT NULL, member TEXT NOT NULL, PRIMARY KEY (email, member)) STRICT, WITHOUT ROWID;
CREATE INDEX iam_groups_by_member ON iam_groups (member);
