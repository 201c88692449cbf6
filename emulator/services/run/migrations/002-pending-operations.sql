-- What an operation says of its resource while it is shown as under way; position is the time at which that ends, in nanoseconds.
CREATE TABLE run_pending_operations (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT;
