DROP INDEX sessions_by_end;
ALTER TABLE sessions DROP COLUMN last_used_at;
