-- Ways through the sign-in page. The three columns of a challenge are all there or none is.
CREATE TABLE sso_sessions (
    id BLOB NOT NULL CONSTRAINT sso_sessions_id PRIMARY KEY CHECK (length(id) = 16),
    application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    state TEXT NOT NULL,
    nonce TEXT,
    code_challenge BLOB NOT NULL CHECK (length(code_challenge) = 32),
    browser_hash BLOB NOT NULL CHECK (length(browser_hash) = 32),
    message TEXT,
    account TEXT,
    message_expires_at INTEGER,
    done_at INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sso_sessions_by_application ON sso_sessions (application_id);
CREATE INDEX sso_sessions_by_end ON sso_sessions (expires_at);

-- What the browser carries back. A code says all that its redemption needs, so that it outlives the session.
-- The organization stands here too: an application never changes hands.
CREATE TABLE sso_codes (
    code_hash BLOB NOT NULL CONSTRAINT sso_codes_code_hash PRIMARY KEY CHECK (length(code_hash) = 32),
    application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    code_challenge BLOB NOT NULL CHECK (length(code_challenge) = 32),
    nonce TEXT,
    account TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redeemed_at INTEGER
) STRICT;

CREATE INDEX sso_codes_by_application ON sso_codes (application_id);
CREATE INDEX sso_codes_by_user ON sso_codes (user_id);
CREATE INDEX sso_codes_by_end ON sso_codes (expires_at);
