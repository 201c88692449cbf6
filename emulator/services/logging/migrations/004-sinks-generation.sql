-- Each entry that is written asks for the sinks of its project: they are read again only where one has changed.
INSERT INTO generations VALUES ('sinks', randomblob(16));
CREATE TRIGGER logging_sinks_insert AFTER INSERT ON logging_sinks BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'sinks'; END;
CREATE TRIGGER logging_sinks_update AFTER UPDATE ON logging_sinks BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'sinks'; END;
CREATE TRIGGER logging_sinks_delete AFTER DELETE ON logging_sinks BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'sinks'; END;
