-- The counters of rate limits. A subject may be an address of a person, so only its SHA-256 is stored.
CREATE TABLE rate_limits (
    name text COLLATE "C" NOT NULL,
    subject_hash bytea NOT NULL CHECK (octet_length(subject_hash) = 32),
    events integer NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT rate_limits_name_subject_hash PRIMARY KEY (name, subject_hash)
);

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);
