-- How a session was authenticated and when, its name, device and client address. A session that an older version has
-- added has none of them.
ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER;
ALTER TABLE sessions ADD COLUMN methods INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN name TEXT;
ALTER TABLE sessions ADD COLUMN device TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;

-- The refresh tokens of a session: the hash of what they have in common, the secret with which they are derived, the
-- number of the newest, and when earlier ones were used.
ALTER TABLE sessions ADD COLUMN refresh_family BLOB CHECK (length(refresh_family) = 32);
ALTER TABLE sessions ADD COLUMN refresh_secret INTEGER;
ALTER TABLE sessions ADD COLUMN refresh_generation INTEGER;
ALTER TABLE sessions ADD COLUMN refresh_uses BLOB;
CREATE UNIQUE INDEX sessions_refresh_family ON sessions (refresh_family);
