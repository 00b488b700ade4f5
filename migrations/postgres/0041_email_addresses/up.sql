-- What proves control of an address of an account. Only hashes are stored.
CREATE TABLE email_proofs (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    side text COLLATE "C" NOT NULL CHECK (side IN ('current', 'new', 'old')),
    email text NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT email_proofs_token_hash UNIQUE CHECK (octet_length(token_hash) = 32),
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    wrong_codes integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    CONSTRAINT email_proofs_user_id_side PRIMARY KEY (user_id, side)
);

CREATE INDEX email_proofs_by_expiry ON email_proofs (expires_at);

-- Changes of address that wait for confirmations. The address may be that of another user.
CREATE TABLE email_changes (
    user_id uuid NOT NULL CONSTRAINT email_changes_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email text NOT NULL,
    awaits_new boolean NOT NULL,
    awaits_old boolean NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX email_changes_by_expiry ON email_changes (expires_at);

-- Registrations whose address is not verified. The id is that of the user to be.
CREATE TABLE pending_registrations (
    id uuid NOT NULL CONSTRAINT pending_registrations_id PRIMARY KEY,
    email text NOT NULL,
    email_canonical text COLLATE "C" NOT NULL,
    display_name text,
    first_name text,
    last_name text,
    password_hash text NOT NULL,
    secret_hash bytea NOT NULL CONSTRAINT pending_registrations_secret_hash UNIQUE CHECK (octet_length(secret_hash) = 32),
    token_hash bytea NOT NULL CONSTRAINT pending_registrations_token_hash UNIQUE CHECK (octet_length(token_hash) = 32),
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    wrong_codes integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX pending_registrations_by_expiry ON pending_registrations (expires_at);
CREATE INDEX pending_registrations_by_address ON pending_registrations (email_canonical);

-- How many more links the limit of the address admits. Without a value, the limit is reached.
ALTER TABLE password_reset_requests ADD COLUMN links_left integer;
