-- Ways through the sign-in page. The three columns of a challenge are all there or none is.
CREATE TABLE sso_sessions (
    id uuid NOT NULL CONSTRAINT sso_sessions_id PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    state text NOT NULL,
    nonce text,
    code_challenge bytea NOT NULL CHECK (octet_length(code_challenge) = 32),
    browser_hash bytea NOT NULL CHECK (octet_length(browser_hash) = 32),
    message text,
    account text,
    message_expires_at timestamptz,
    done_at timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX sso_sessions_by_application ON sso_sessions (application_id);
CREATE INDEX sso_sessions_by_end ON sso_sessions (expires_at);

-- What the browser carries back. A code says all that its redemption needs, so that it outlives the session.
-- The organization stands here too: an application never changes hands.
CREATE TABLE sso_codes (
    code_hash bytea NOT NULL CONSTRAINT sso_codes_code_hash PRIMARY KEY CHECK (octet_length(code_hash) = 32),
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    code_challenge bytea NOT NULL CHECK (octet_length(code_challenge) = 32),
    nonce text,
    account text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz
);

CREATE INDEX sso_codes_by_application ON sso_codes (application_id);
CREATE INDEX sso_codes_by_user ON sso_codes (user_id);
CREATE INDEX sso_codes_by_end ON sso_codes (expires_at);
