-- How many keys and items an application has, so that a quota is checked without counting them. A version before this one
-- does not count what it adds: the counters are then too low, and never too high.
ALTER TABLE applications ADD COLUMN key_count integer NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN item_count bigint NOT NULL DEFAULT 0;

UPDATE applications SET
    key_count = (SELECT count(*) FROM api_keys WHERE api_keys.application_id = applications.id),
    item_count = (SELECT count(*) FROM items WHERE items.application_id = applications.id);

-- For counting the active keys of an application, and the live sessions of a user.
CREATE INDEX api_keys_active ON api_keys (application_id, expires_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_live ON sessions (user_id, expires_at) WHERE ended_at IS NULL;
