-- No references: the trail outlives what it tells of.
CREATE TABLE events (
    id uuid NOT NULL CONSTRAINT events_id PRIMARY KEY,
    occurred_at timestamptz NOT NULL,
    name text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'refused')),
    actor_kind text,
    actor_id uuid,
    organization_id uuid,
    subject uuid,
    details json NOT NULL,
    request_id text NOT NULL,
    address text,
    CHECK ((actor_kind IS NULL) = (actor_id IS NULL))
);

CREATE INDEX events_by_organization ON events (organization_id, id);
