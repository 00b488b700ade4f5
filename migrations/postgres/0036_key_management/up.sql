-- Keys can be disabled, restricted and rotated. `restrictions` has the allowed addresses, the limits and the refill.
-- `rotated_at` is NULL until the first rotation.
ALTER TABLE api_keys ADD COLUMN disabled_at timestamptz;
ALTER TABLE api_keys ADD COLUMN restrictions json NOT NULL DEFAULT '{}';
ALTER TABLE api_keys ADD COLUMN remaining_uses bigint CHECK (remaining_uses >= 0);
ALTER TABLE api_keys ADD COLUMN uses_since timestamptz;
ALTER TABLE api_keys ADD COLUMN rotated_at timestamptz;
ALTER TABLE api_keys ADD CHECK ((remaining_uses IS NULL) = (uses_since IS NULL));

-- The secret of a key before its latest rotation. A key has at most one.
CREATE TABLE previous_key_secrets (
    api_key_id uuid NOT NULL CONSTRAINT previous_key_secrets_api_key_id PRIMARY KEY
        REFERENCES api_keys (id) ON DELETE CASCADE,
    key_hash bytea NOT NULL CONSTRAINT previous_key_secrets_key_hash UNIQUE CHECK (octet_length(key_hash) = 32),
    key_prefix text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used timestamptz,
    last_used_ip text,
    last_used_user_agent text
);

-- The requests that nodes have taken from the limits of a key in their present windows. A key has at most five.
CREATE TABLE key_limit_windows (
    api_key_id uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    taken bigint NOT NULL CHECK (taken >= 0),
    since timestamptz NOT NULL,
    CONSTRAINT key_limit_windows_api_key_id_name PRIMARY KEY (api_key_id, name)
);
