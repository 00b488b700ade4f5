CREATE TABLE users (
    id BLOB NOT NULL CONSTRAINT users_id PRIMARY KEY CHECK (length(id) = 16),
    email TEXT,
    email_canonical TEXT CONSTRAINT users_email_canonical UNIQUE,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    display_name TEXT,
    first_name TEXT,
    last_name TEXT,
    avatar_url TEXT,
    password_hash TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((email IS NULL) = (email_canonical IS NULL))
) STRICT;

CREATE TABLE sessions (
    id BLOB NOT NULL CONSTRAINT sessions_id PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE INDEX sessions_by_user ON sessions (user_id);
