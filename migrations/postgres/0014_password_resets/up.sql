-- Wishes for a new password that nobody has looked at yet. No reference to users: keeping one must not depend on whether the
-- address has an account.
CREATE TABLE password_reset_requests (
    id uuid NOT NULL CONSTRAINT password_reset_requests_id PRIMARY KEY,
    email text NOT NULL,
    email_canonical text COLLATE "C" NOT NULL,
    request_id text NOT NULL,
    address text,
    expires_at timestamptz NOT NULL
);

CREATE INDEX password_reset_requests_by_expiry ON password_reset_requests (expires_at, id);
CREATE INDEX password_reset_requests_by_address ON password_reset_requests (email_canonical);

-- The one link of a user that sets a password. The address is the one that it went to.
CREATE TABLE password_resets (
    user_id uuid NOT NULL CONSTRAINT password_resets_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT password_resets_token_hash UNIQUE CHECK (octet_length(token_hash) = 32),
    email text NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- One more topic.
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets')
);
