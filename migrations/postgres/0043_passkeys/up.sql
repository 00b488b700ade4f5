-- The public keys with which users sign in. `credential` is the public key with its properties, in the format of the
-- library that verifies signatures. The counter is a column because one conditional statement moves it.
CREATE TABLE passkeys (
    id uuid NOT NULL CONSTRAINT passkeys_id PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id bytea NOT NULL CONSTRAINT passkeys_credential_id UNIQUE,
    rp_id text COLLATE "C" NOT NULL,
    credential text NOT NULL,
    counter bigint NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
    synced boolean NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz
);

CREATE INDEX passkeys_by_user ON passkeys (user_id, id);
CREATE INDEX passkeys_by_rp_id ON passkeys (rp_id);

-- Started ceremonies that wait for their credential. One without a session is to authenticate, of any user or of one.
CREATE TABLE passkey_ceremonies (
    id uuid NOT NULL CONSTRAINT passkey_ceremonies_id PRIMARY KEY,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid REFERENCES sessions (id) ON DELETE CASCADE,
    state text NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK (session_id IS NULL OR user_id IS NOT NULL)
);

CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);
CREATE INDEX passkey_ceremonies_by_session ON passkey_ceremonies (session_id);
CREATE INDEX passkey_ceremonies_by_user ON passkey_ceremonies (user_id);
