-- Requests with an Idempotency-Key. Only keyed hashes of the key and of the request are stored. `owner` is the request that
-- has the claim. The transaction of its change sets `marked`. The response is sealed with a key that also depends on the
-- Idempotency-Key.
CREATE TABLE idempotency_keys (
    key_hash BLOB NOT NULL CHECK (length(key_hash) = 32),
    owner BLOB NOT NULL CHECK (length(owner) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    marked INTEGER NOT NULL CHECK (marked IN (0, 1)),
    response BLOB,
    leased_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT idempotency_keys_key_hash PRIMARY KEY (key_hash)
) STRICT;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
