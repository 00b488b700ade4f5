-- No references: the trail outlives what it tells of.
CREATE TABLE events (
    id BLOB NOT NULL CONSTRAINT events_id PRIMARY KEY CHECK (length(id) = 16),
    occurred_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'refused')),
    actor_kind TEXT,
    actor_id BLOB CHECK (length(actor_id) = 16),
    organization_id BLOB CHECK (length(organization_id) = 16),
    subject BLOB CHECK (length(subject) = 16),
    details TEXT NOT NULL CHECK (json_valid(details)),
    request_id TEXT NOT NULL,
    address TEXT,
    CHECK ((actor_kind IS NULL) = (actor_id IS NULL))
) STRICT;

CREATE INDEX events_by_organization ON events (organization_id, id);
