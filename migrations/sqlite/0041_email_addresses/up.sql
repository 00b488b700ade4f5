-- What proves control of an address of an account. Only hashes are stored.
CREATE TABLE email_proofs (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    side TEXT NOT NULL CHECK (side IN ('current', 'new', 'old')),
    email TEXT NOT NULL,
    token_hash BLOB NOT NULL CONSTRAINT email_proofs_token_hash UNIQUE CHECK (length(token_hash) = 32),
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    wrong_codes INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL,
    CONSTRAINT email_proofs_user_id_side PRIMARY KEY (user_id, side)
) STRICT;

CREATE INDEX email_proofs_by_expiry ON email_proofs (expires_at);

-- Changes of address that wait for confirmations. The address may be that of another user.
CREATE TABLE email_changes (
    user_id BLOB NOT NULL CONSTRAINT email_changes_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    awaits_new INTEGER NOT NULL CHECK (awaits_new IN (0, 1)),
    awaits_old INTEGER NOT NULL CHECK (awaits_old IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX email_changes_by_expiry ON email_changes (expires_at);

-- Registrations whose address is not verified. The id is that of the user to be.
CREATE TABLE pending_registrations (
    id BLOB NOT NULL CONSTRAINT pending_registrations_id PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL,
    email_canonical TEXT NOT NULL,
    display_name TEXT,
    first_name TEXT,
    last_name TEXT,
    password_hash TEXT NOT NULL,
    secret_hash BLOB NOT NULL CONSTRAINT pending_registrations_secret_hash UNIQUE CHECK (length(secret_hash) = 32),
    token_hash BLOB NOT NULL CONSTRAINT pending_registrations_token_hash UNIQUE CHECK (length(token_hash) = 32),
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    wrong_codes INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX pending_registrations_by_expiry ON pending_registrations (expires_at);
CREATE INDEX pending_registrations_by_address ON pending_registrations (email_canonical);

-- How many more links the limit of the address admits. Without a value, the limit is reached.
ALTER TABLE password_reset_requests ADD COLUMN links_left INTEGER;
