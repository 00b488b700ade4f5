-- Keys of service tokens: the public part for everybody, the private part sealed before it comes here.
CREATE TABLE signing_keys (
    kid TEXT NOT NULL CONSTRAINT signing_keys_kid PRIMARY KEY,
    modulus TEXT NOT NULL,
    exponent TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL,
    signs_until INTEGER,
    published_until INTEGER,
    CHECK ((signs_until IS NULL) = (published_until IS NULL))
) STRICT;
