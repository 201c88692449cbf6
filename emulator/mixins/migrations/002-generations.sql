-- Where IAM is enforced, what the service agents of Binary Authorization may read is part of what a decision depends on.
CREATE TRIGGER iam_policies_insert AFTER INSERT ON iam_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER iam_policies_update AFTER UPDATE ON iam_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER iam_policies_delete AFTER DELETE ON iam_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
