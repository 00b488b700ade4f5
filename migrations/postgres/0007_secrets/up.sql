-- What all nodes must share and nobody may read: sealed before it comes here.
CREATE TABLE secrets (
    name text COLLATE "C" NOT NULL CONSTRAINT secrets_name PRIMARY KEY,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
