-- The public keys with which users sign in. `credential` is the public key with its properties, in the format of the
-- library that verifies signatures. The counter is a column because one conditional statement moves it.
CREATE TABLE passkeys (
    id BLOB NOT NULL CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL,
    rp_id TEXT NOT NULL,
    credential TEXT NOT NULL,
    counter INTEGER NOT NULL CHECK (counter BETWEEN 0 AND 4294967295),
    synced INTEGER NOT NULL CHECK (synced IN (0, 1)),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    CONSTRAINT passkeys_id PRIMARY KEY (id),
    CONSTRAINT passkeys_credential_id UNIQUE (credential_id)
) STRICT;

CREATE INDEX passkeys_by_user ON passkeys (user_id, id);
CREATE INDEX passkeys_by_rp_id ON passkeys (rp_id);

-- Started ceremonies that wait for their credential. One without a session is to authenticate, of any user or of one.
CREATE TABLE passkey_ceremonies (
    id BLOB NOT NULL CHECK (length(id) = 16),
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    session_id BLOB REFERENCES sessions (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT passkey_ceremonies_id PRIMARY KEY (id),
    CHECK (session_id IS NULL OR user_id IS NOT NULL)
) STRICT;

CREATE INDEX passkey_ceremonies_by_expiry ON passkey_ceremonies (expires_at);
CREATE INDEX passkey_ceremonies_by_session ON passkey_ceremonies (session_id);
CREATE INDEX passkey_ceremonies_by_user ON passkey_ceremonies (user_id);
