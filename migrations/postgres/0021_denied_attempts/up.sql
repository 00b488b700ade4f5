-- Denied attempts of one caller are counted in one entry per minute. The key says which attempts belong together.
ALTER TABLE events ADD COLUMN attempts bigint NOT NULL DEFAULT 1 CHECK (attempts >= 1);
ALTER TABLE events ADD COLUMN attempts_key text COLLATE "C";

CREATE UNIQUE INDEX events_attempts_key ON events (attempts_key);
