-- Clusters by `projects/P/locations/L/clusters/C`, with their node pools in them, and the operations on them. The parent is the project.
CREATE TABLE container_clusters (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX container_clusters_by_parent ON container_clusters (parent, position);

CREATE TABLE container_operations (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX container_operations_by_parent ON container_operations (parent, position);

-- The evaluation mode of a cluster decides whether its admission looks at a policy at all.
CREATE TRIGGER container_clusters_insert AFTER INSERT ON container_clusters BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER container_clusters_update AFTER UPDATE ON container_clusters BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
CREATE TRIGGER container_clusters_delete AFTER DELETE ON container_clusters BEGIN UPDATE generations SET value = randomblob(16) WHERE name = 'admission'; END;
