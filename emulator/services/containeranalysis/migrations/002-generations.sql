-- Whatever changes here can change an admission decision.
CREATE TRIGGER ca_notes_insert AFTER INSERT ON ca_notes BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_notes_update AFTER UPDATE ON ca_notes BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_notes_delete AFTER DELETE ON ca_notes BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_occurrences_insert AFTER INSERT ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_occurrences_update AFTER UPDATE ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER ca_occurrences_delete AFTER DELETE ON ca_occurrences BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
