-- An address is one wallet on all chains of its namespace. The account is the same with the chain that it was linked with (CAIP-10).
CREATE TABLE wallets (
    namespace text COLLATE "C" NOT NULL CHECK (namespace IN ('eip155', 'solana')),
    address text COLLATE "C" NOT NULL,
    account text NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at timestamptz NOT NULL,
    CONSTRAINT wallets_namespace_address PRIMARY KEY (namespace, address)
);

CREATE INDEX wallets_by_user ON wallets (user_id, linked_at);

-- Questions that wait for their answers. One without a user is to sign in.
CREATE TABLE wallet_challenges (
    nonce text COLLATE "C" NOT NULL CONSTRAINT wallet_challenges_nonce PRIMARY KEY,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid REFERENCES sessions (id) ON DELETE CASCADE,
    account text NOT NULL,
    message text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((user_id IS NULL) = (session_id IS NULL))
);

CREATE INDEX wallet_challenges_by_expiry ON wallet_challenges (expires_at);
