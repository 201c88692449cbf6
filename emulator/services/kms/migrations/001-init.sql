CREATE TABLE kms_key_rings (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX kms_key_rings_by_parent ON kms_key_rings (parent, position);

CREATE TABLE kms_crypto_keys (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX kms_crypto_keys_by_parent ON kms_crypto_keys (parent, position);

CREATE TABLE kms_crypto_key_versions (name TEXT PRIMARY KEY, parent TEXT NOT NULL, position TEXT NOT NULL, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX kms_crypto_key_versions_by_parent ON kms_crypto_key_versions (parent, position);

-- Key material stands apart from the documents, so that no list or export can carry it. PKCS#8 DER, raw bytes for symmetric keys.
CREATE TABLE kms_key_material (name TEXT PRIMARY KEY, private_key BLOB NOT NULL, public_key_pem TEXT) STRICT, WITHOUT ROWID;
