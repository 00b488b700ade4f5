-- TOTP secrets, sealed with the master key. `last_step` is the last time step that was accepted: each is accepted once.
CREATE TABLE totp_factors (
    user_id uuid CONSTRAINT totp_factors_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamptz NOT NULL
);

-- TOTP secrets that are not confirmed yet.
CREATE TABLE totp_enrollments (
    user_id uuid CONSTRAINT totp_enrollments_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX totp_enrollments_by_expiry ON totp_enrollments (expires_at);

-- The recovery codes that are left. Only hashes are stored, of the user and the code together.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    CONSTRAINT recovery_codes_user_id_code_hash PRIMARY KEY (user_id, code_hash)
);

-- Operations that wait for a second factor, by the hash of their token.
CREATE TABLE interrupted_operations (
    token_hash bytea CONSTRAINT interrupted_operations_token_hash PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    operation json NOT NULL,
    ceremony text COLLATE "C",
    attempts integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
);
CREATE INDEX interrupted_operations_by_user ON interrupted_operations (user_id, expires_at);
CREATE INDEX interrupted_operations_by_expiry ON interrupted_operations (expires_at);

-- Whether members need a session with a second factor.
ALTER TABLE organizations ADD COLUMN mfa_required boolean NOT NULL DEFAULT false;

-- One more topic.
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN (
        'password', 'wallets', 'api_keys', 'owners', 'invitations', 'memberships', 'password_resets', 'sign_ins', 'factors'
    )
);
