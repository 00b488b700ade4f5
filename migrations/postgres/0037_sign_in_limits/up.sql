-- Whether the last event was admitted, and the number of rejected events in the window.
ALTER TABLE rate_limits ADD COLUMN admitted boolean NOT NULL DEFAULT true;
ALTER TABLE rate_limits ADD COLUMN rejections integer NOT NULL DEFAULT 0;

-- The networks from which users have signed in. Only hashes are stored, of the user and the network together.
CREATE TABLE known_networks (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network bytea NOT NULL CHECK (octet_length(network) = 32),
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT known_networks_user_id_network PRIMARY KEY (user_id, network)
);
