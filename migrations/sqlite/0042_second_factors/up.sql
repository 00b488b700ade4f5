-- TOTP secrets, sealed with the master key. `last_step` is the last time step that was accepted: each is accepted once.
CREATE TABLE totp_factors (
    user_id BLOB NOT NULL CONSTRAINT totp_factors_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- TOTP secrets that are not confirmed yet.
CREATE TABLE totp_enrollments (
    user_id BLOB NOT NULL CONSTRAINT totp_enrollments_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX totp_enrollments_by_expiry ON totp_enrollments (expires_at);

-- The recovery codes that are left. Only hashes are stored, of the user and the code together.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    CONSTRAINT recovery_codes_user_id_code_hash PRIMARY KEY (user_id, code_hash)
) STRICT;

-- Operations that wait for a second factor, by the hash of their token.
CREATE TABLE interrupted_operations (
    token_hash BLOB NOT NULL CONSTRAINT interrupted_operations_token_hash PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    operation TEXT NOT NULL CHECK (json_valid(operation)),
    ceremony TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX interrupted_operations_by_user ON interrupted_operations (user_id, expires_at);
CREATE INDEX interrupted_operations_by_expiry ON interrupted_operations (expires_at);

-- Whether members need a session with a second factor.
ALTER TABLE organizations ADD COLUMN mfa_required INTEGER NOT NULL DEFAULT 0;

-- One more topic. A check can't be changed, so the table is made anew.
DROP INDEX notice_counts_by_time;
ALTER TABLE notice_counts RENAME TO notice_counts_before;
CREATE TABLE notice_counts (
    topic TEXT NOT NULL CHECK (
        topic IN (
            'password', 'wallets', 'api_keys', 'owners', 'memberships', 'invitations', 'password_resets', 'sign_ins',
            'factors'
        )
    ),
    email_canonical TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
) STRICT;
INSERT INTO notice_counts (topic, email_canonical, started_at, notices)
    SELECT topic, email_canonical, started_at, notices FROM notice_counts_before;
DROP TABLE notice_counts_before;
CREATE INDEX notice_counts_by_time ON notice_counts (started_at);
