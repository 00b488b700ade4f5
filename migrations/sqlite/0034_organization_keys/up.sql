-- Parties of an organization that are not users and act by their keys.
CREATE TABLE service_accounts (
    id BLOB NOT NULL CONSTRAINT service_accounts_id PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL CHECK (json_valid(permissions)),
    created_by BLOB NOT NULL CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT;

CREATE INDEX service_accounts_by_organization ON service_accounts (organization_id, id);

-- A key now belongs to an application, to a user in an organization, or to a service account. `member_since` names the
-- membership in which a personal key was created: the key is not valid in a later one. SQLite cannot drop NOT NULL, so
-- the table is created again.
ALTER TABLE api_keys RENAME TO api_keys_before;
CREATE TABLE api_keys (
    id BLOB NOT NULL CONSTRAINT api_keys_id PRIMARY KEY CHECK (length(id) = 16),
    application_id BLOB REFERENCES applications (id) ON DELETE CASCADE,
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
INSERT INTO api_keys (
    id, application_id, organization_id, created_by, description, key_prefix, key_hash, permissions, created_at,
    expires_at, revoked_at, last_used, rotated_from
) SELECT
    id, application_id, organization_id, created_by, description, key_prefix, key_hash, permissions, created_at,
    expires_at, revoked_at, last_used, rotated_from
FROM api_keys_before;
DROP TABLE api_keys_before;
ALTER TABLE api_keys ADD COLUMN user_id BLOB REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE api_keys ADD COLUMN member_since INTEGER CHECK ((user_id IS NULL) = (member_since IS NULL));
ALTER TABLE api_keys ADD COLUMN service_account_id BLOB REFERENCES service_accounts (id) ON DELETE CASCADE
    CHECK ((application_id IS NOT NULL) + (user_id IS NOT NULL) + (service_account_id IS NOT NULL) = 1);
ALTER TABLE api_keys ADD COLUMN name TEXT;
ALTER TABLE api_keys ADD COLUMN scope TEXT NOT NULL DEFAULT 'read-write' CHECK (scope IN ('read', 'read-write'));
ALTER TABLE api_keys ADD COLUMN last_used_ip TEXT;
ALTER TABLE api_keys ADD COLUMN last_used_user_agent TEXT;

CREATE INDEX api_keys_by_application ON api_keys (application_id, id);
CREATE INDEX api_keys_active ON api_keys (application_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id) WHERE application_id IS NULL;
CREATE INDEX api_keys_by_user ON api_keys (user_id, organization_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX api_keys_active_of_user ON api_keys (user_id, organization_id, expires_at)
    WHERE revoked_at IS NULL AND user_id IS NOT NULL;
CREATE INDEX api_keys_active_of_account ON api_keys (service_account_id, expires_at)
    WHERE revoked_at IS NULL AND service_account_id IS NOT NULL;
CREATE INDEX api_keys_by_service_account ON api_keys (service_account_id, id) WHERE service_account_id IS NOT NULL;

-- The number of keys of the service accounts of the organization, like `key_count` of applications.
ALTER TABLE organizations ADD COLUMN key_count INTEGER NOT NULL DEFAULT 0;
