-- The parent is `projects/P/locations/L`; the newest build has the lowest position, because that is the order of lists.
CREATE TABLE cloudbuild_builds (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cloudbuild_builds_by_parent ON cloudbuild_builds (parent, position);

-- Cloud Storage, as far as builds ask for it. The parent of a bucket is `projects/P`, that of an object its bucket.
CREATE TABLE cloudbuild_buckets (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cloudbuild_buckets_by_parent ON cloudbuild_buckets (parent, position);

CREATE TABLE cloudbuild_objects (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cloudbuild_objects_by_parent ON cloudbuild_objects (parent, position);

-- Digests that were made up for images that no registry had. The parent is the image, without a tag.
CREATE TABLE cloudbuild_made_digests (
  name TEXT PRIMARY KEY,
  parent TEXT NOT NULL,
  position TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
