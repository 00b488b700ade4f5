ALTER TABLE api_keys RENAME TO api_keys_after;
CREATE TABLE api_keys (
    id BLOB NOT NULL CONSTRAINT api_keys_id PRIMARY KEY CHECK (length(id) = 16),
    application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    created_by BLOB NOT NULL CHECK (length(created_by) = 16),
    description TEXT,
    key_prefix TEXT NOT NULL,
    key_hash BLOB NOT NULL CONSTRAINT api_keys_key_hash UNIQUE CHECK (length(key_hash) = 32),
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used INTEGER,
    rotated_from BLOB CHECK (length(rotated_from) = 16)
) STRICT;
INSERT INTO api_keys SELECT
    id, application_id, organization_id, created_by, description, key_prefix, key_hash, permissions, created_at,
    expires_at, revoked_at, last_used, rotated_from
FROM api_keys_after WHERE application_id IS NOT NULL;
DROP TABLE api_keys_after;
CREATE INDEX api_keys_by_application ON api_keys (application_id, id);
CREATE INDEX api_keys_active ON api_keys (application_id, expires_at) WHERE revoked_at IS NULL;
ALTER TABLE organizations DROP COLUMN key_count;
DROP TABLE service_accounts;
