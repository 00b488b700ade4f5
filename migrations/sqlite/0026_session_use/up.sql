-- When a session was last used, to the minute. NULL stands for `created_at`: in the rows before this migration, and in those
-- that a version before this one adds.
ALTER TABLE sessions ADD COLUMN last_used_at INTEGER;

-- For deleting the sessions that ended or expired long ago, by the time of their end.
CREATE INDEX sessions_by_end ON sessions (coalesce(ended_at, expires_at));
