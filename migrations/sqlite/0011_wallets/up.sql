-- An address is one wallet on all chains of its namespace. The account is the same with the chain that it was linked with (CAIP-10).
CREATE TABLE wallets (
    namespace TEXT NOT NULL CHECK (namespace IN ('eip155', 'solana')),
    address TEXT NOT NULL,
    account TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at INTEGER NOT NULL,
    CONSTRAINT wallets_namespace_address PRIMARY KEY (namespace, address)
) STRICT;

CREATE INDEX wallets_by_user ON wallets (user_id, linked_at);

-- Questions that wait for their answers. One without a user is to sign in.
CREATE TABLE wallet_challenges (
    nonce TEXT NOT NULL CONSTRAINT wallet_challenges_nonce PRIMARY KEY,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    session_id BLOB REFERENCES sessions (id) ON DELETE CASCADE,
    account TEXT NOT NULL,
    message TEXT NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK ((user_id IS NULL) = (session_id IS NULL))
) STRICT;

CREATE INDEX wallet_challenges_by_expiry ON wallet_challenges (expires_at);
