-- The counters of rate limits. A subject may be an address of a person, so only its SHA-256 is stored.
CREATE TABLE rate_limits (
    name TEXT NOT NULL,
    subject_hash BLOB NOT NULL CHECK (length(subject_hash) = 32),
    events INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT rate_limits_name_subject_hash PRIMARY KEY (name, subject_hash)
) STRICT;

CREATE INDEX rate_limits_by_expiry ON rate_limits (expires_at);
