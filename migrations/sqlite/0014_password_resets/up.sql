-- Wishes for a new password that nobody has looked at yet. No reference to users: keeping one must not depend on whether the
-- address has an account.
CREATE TABLE password_reset_requests (
    id BLOB NOT NULL CONSTRAINT password_reset_requests_id PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL,
    email_canonical TEXT NOT NULL,
    request_id TEXT NOT NULL,
    address TEXT,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX password_reset_requests_by_expiry ON password_reset_requests (expires_at, id);
CREATE INDEX password_reset_requests_by_address ON password_reset_requests (email_canonical);

-- The one link of a user that sets a password. The address is the one that it went to.
CREATE TABLE password_resets (
    user_id BLOB NOT NULL CONSTRAINT password_resets_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL CONSTRAINT password_resets_token_hash UNIQUE CHECK (length(token_hash) = 32),
    email TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX password_resets_by_expiry ON password_resets (expires_at);

-- One more topic. A check can't be changed, so the table is made anew.
ALTER TABLE notice_counts RENAME TO notice_counts_before;
CREATE TABLE notice_counts (
    topic TEXT NOT NULL CHECK (
        topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets')
    ),
    email_canonical TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
) STRICT;
INSERT INTO notice_counts (topic, email_canonical, started_at, notices)
    SELECT topic, email_canonical, started_at, notices FROM notice_counts_before;
DROP TABLE notice_counts_before;
