-- Keys of service tokens: the public part for everybody, the private part sealed before it comes here.
CREATE TABLE signing_keys (
    kid text COLLATE "C" NOT NULL CONSTRAINT signing_keys_kid PRIMARY KEY,
    modulus text NOT NULL,
    exponent text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz NOT NULL,
    signs_until timestamptz,
    published_until timestamptz,
    CHECK ((signs_until IS NULL) = (published_until IS NULL))
);
