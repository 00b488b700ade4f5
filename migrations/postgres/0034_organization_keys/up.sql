-- Parties of an organization that are not users and act by their keys.
CREATE TABLE service_accounts (
    id uuid NOT NULL CONSTRAINT service_accounts_id PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    description text,
    permissions json NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    disabled_at timestamptz
);

CREATE INDEX service_accounts_by_organization ON service_accounts (organization_id, id);

-- A key now belongs to an application, to a user in an organization, or to a service account. `member_since` names the
-- membership in which a personal key was created: the key is not valid in a later one.
ALTER TABLE api_keys ALTER COLUMN application_id DROP NOT NULL;
ALTER TABLE api_keys ADD COLUMN user_id uuid REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE api_keys ADD COLUMN member_since timestamptz;
ALTER TABLE api_keys ADD COLUMN service_account_id uuid REFERENCES service_accounts (id) ON DELETE CASCADE;
ALTER TABLE api_keys ADD COLUMN name text;
ALTER TABLE api_keys ADD COLUMN scope text NOT NULL DEFAULT 'read-write' CHECK (scope IN ('read', 'read-write'));
ALTER TABLE api_keys ADD COLUMN last_used_ip text;
ALTER TABLE api_keys ADD COLUMN last_used_user_agent text;
ALTER TABLE api_keys ADD CHECK (num_nonnulls(application_id, user_id, service_account_id) = 1);
ALTER TABLE api_keys ADD CHECK ((user_id IS NULL) = (member_since IS NULL));

CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id) WHERE application_id IS NULL;
CREATE INDEX api_keys_by_user ON api_keys (user_id, organization_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX api_keys_active_of_user ON api_keys (user_id, organization_id, expires_at)
    WHERE revoked_at IS NULL AND user_id IS NOT NULL;
CREATE INDEX api_keys_active_of_account ON api_keys (service_account_id, expires_at)
    WHERE revoked_at IS NULL AND service_account_id IS NOT NULL;
CREATE INDEX api_keys_by_service_account ON api_keys (service_account_id, id) WHERE service_account_id IS NOT NULL;

-- The number of keys of the service accounts of the organization, like `key_count` of applications.
ALTER TABLE organizations ADD COLUMN key_count integer NOT NULL DEFAULT 0;
