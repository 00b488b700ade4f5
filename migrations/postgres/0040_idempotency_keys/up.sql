-- Requests with an Idempotency-Key. Only keyed hashes of the key and of the request are stored. `owner` is the request that
-- has the claim. The transaction of its change sets `marked`. The response is sealed with a key that also depends on the
-- Idempotency-Key.
CREATE TABLE idempotency_keys (
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    owner uuid NOT NULL,
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    marked boolean NOT NULL,
    response bytea,
    leased_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_key_hash PRIMARY KEY (key_hash)
);

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
