-- The organization stands here too, so that a use of a key is one read of one row. An application never changes hands.
-- Who made a key and which one it replaces are history: they may be gone, so nothing refers to them.
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

CREATE INDEX api_keys_by_application ON api_keys (application_id, id);
