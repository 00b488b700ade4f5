-- Whether the last event was admitted, and the number of rejected events in the window.
ALTER TABLE rate_limits ADD COLUMN admitted INTEGER NOT NULL DEFAULT 1;
ALTER TABLE rate_limits ADD COLUMN rejections INTEGER NOT NULL DEFAULT 0;

-- The networks from which users have signed in. Only hashes are stored, of the user and the network together.
CREATE TABLE known_networks (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    network BLOB NOT NULL CHECK (length(network) = 32),
    last_seen_at INTEGER NOT NULL,
    CONSTRAINT known_networks_user_id_network PRIMARY KEY (user_id, network)
) STRICT;
