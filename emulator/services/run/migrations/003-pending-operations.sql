-- What an operation says while it is under way stands beside it (mixins/operations.ts).
DROP TABLE run_pending_operations;
