-- What all nodes must share and nobody may read: sealed before it comes here.
CREATE TABLE secrets (
    name TEXT NOT NULL CONSTRAINT secrets_name PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
) STRICT;
