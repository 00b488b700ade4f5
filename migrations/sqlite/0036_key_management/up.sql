-- Keys can be disabled, restricted and rotated. `restrictions` has the allowed addresses, the limits and the refill.
-- `rotated_at` is NULL until the first rotation.
ALTER TABLE api_keys ADD COLUMN disabled_at INTEGER;
ALTER TABLE api_keys ADD COLUMN restrictions TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(restrictions));
ALTER TABLE api_keys ADD COLUMN remaining_uses INTEGER CHECK (remaining_uses >= 0);
ALTER TABLE api_keys ADD COLUMN uses_since INTEGER CHECK ((remaining_uses IS NULL) = (uses_since IS NULL));
ALTER TABLE api_keys ADD COLUMN rotated_at INTEGER;

-- The secret of a key before its latest rotation. A key has at most one.
CREATE TABLE previous_key_secrets (
    api_key_id BLOB NOT NULL CONSTRAINT previous_key_secrets_api_key_id PRIMARY KEY
        REFERENCES api_keys (id) ON DELETE CASCADE,
    key_hash BLOB NOT NULL CONSTRAINT previous_key_secrets_key_hash UNIQUE CHECK (length(key_hash) = 32),
    key_prefix TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used INTEGER,
    last_used_ip TEXT,
    last_used_user_agent TEXT
) STRICT;

-- The requests that nodes have taken from the limits of a key in their present windows. A key has at most five.
CREATE TABLE key_limit_windows (
    api_key_id BLOB NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    since INTEGER NOT NULL,
    CONSTRAINT key_limit_windows_api_key_id_name PRIMARY KEY (api_key_id, name)
) STRICT;
