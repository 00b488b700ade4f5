-- Bytewise on both databases: no locale decides which addresses are one.
CREATE TABLE users (
    id uuid NOT NULL CONSTRAINT users_id PRIMARY KEY,
    email text,
    email_canonical text COLLATE "C" CONSTRAINT users_email_canonical UNIQUE,
    email_verified boolean NOT NULL,
    display_name text,
    first_name text,
    last_name text,
    avatar_url text,
    password_hash text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((email IS NULL) = (email_canonical IS NULL))
);

CREATE TABLE sessions (
    id uuid NOT NULL CONSTRAINT sessions_id PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz
);

CREATE INDEX sessions_by_user ON sessions (user_id);
