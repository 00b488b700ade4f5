-- How a session was authenticated and when, its name, device and client address. A session that an older version has
-- added has none of them.
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;
ALTER TABLE sessions ADD COLUMN methods smallint NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN name text;
ALTER TABLE sessions ADD COLUMN device text;
ALTER TABLE sessions ADD COLUMN address text;

-- The refresh tokens of a session: the hash of what they have in common, the secret with which they are derived, the
-- number of the newest, and when earlier ones were used.
ALTER TABLE sessions ADD COLUMN refresh_family bytea CHECK (octet_length(refresh_family) = 32);
ALTER TABLE sessions ADD COLUMN refresh_secret integer;
ALTER TABLE sessions ADD COLUMN refresh_generation bigint;
ALTER TABLE sessions ADD COLUMN refresh_uses bytea;
CREATE UNIQUE INDEX sessions_refresh_family ON sessions (refresh_family);
