-- The number of transactions that ended or changed rights. A transaction increments it as its last statement, so the
-- transactions commit in the order of their numbers.
CREATE TABLE credential_epoch (
    id INTEGER NOT NULL CONSTRAINT credential_epoch_id PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO credential_epoch (id, epoch) VALUES (1, 0);

-- What these transactions changed. Each node reads it to drop what it has cached.
CREATE TABLE credential_changes (
    epoch INTEGER NOT NULL CONSTRAINT credential_changes_epoch PRIMARY KEY,
    subjects TEXT NOT NULL,
    recorded_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000)
) STRICT;
