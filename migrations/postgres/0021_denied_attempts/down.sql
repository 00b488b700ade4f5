DROP INDEX events_attempts_key;
ALTER TABLE events DROP COLUMN attempts_key;
ALTER TABLE events DROP COLUMN attempts;
