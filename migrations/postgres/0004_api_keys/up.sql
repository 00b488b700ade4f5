-- The organization stands here too, so that a use of a key is one read of one row. An application never changes hands.
-- Who made a key and which one it replaces are history: they may be gone, so nothing refers to them.
CREATE TABLE api_keys (
    id uuid NOT NULL CONSTRAINT api_keys_id PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    created_by uuid NOT NULL,
    description text,
    key_prefix text NOT NULL,
    key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash UNIQUE CHECK (octet_length(key_hash) = 32),
    permissions json NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used timestamptz,
    rotated_from uuid
);

CREATE INDEX api_keys_by_application ON api_keys (application_id, id);
