-- A decision is part of its audit entry, in the logs of Cloud Logging.
DROP TABLE binauthz_decisions;
