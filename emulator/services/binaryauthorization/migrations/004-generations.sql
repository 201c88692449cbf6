-- Whatever changes here can change an admission decision.
CREATE TRIGGER binauthz_policies_insert AFTER INSERT ON binauthz_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER binauthz_policies_update AFTER UPDATE ON binauthz_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER binauthz_policies_delete AFTER DELETE ON binauthz_policies BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER binauthz_attestors_insert AFTER INSERT ON binauthz_attestors BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER binauthz_attestors_update AFTER UPDATE ON binauthz_attestors BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER binauthz_attestors_delete AFTER DELETE ON binauthz_attestors BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
