-- Decisions begin with their verdict from now on, so that the index below costs nothing where it does not apply.
UPDATE logging_entries SET decision = '{"verdict":"' || (decision ->> '$.verdict') || '",' || substr(decision, 2)
WHERE decision ->> '$.verdict' IN ('DRY_RUN', 'BREAK_GLASS');

-- What was let in whatever its evaluation said, by time.
CREATE INDEX logging_entries_admitted ON logging_entries (timestamp)
WHERE decision GLOB '{"verdict":"DRY_RUN"*' OR decision GLOB '{"verdict":"BREAK_GLASS"*';
