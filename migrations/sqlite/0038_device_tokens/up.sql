-- Tokens that clients keep after a sign-in. Only hashes are stored.
CREATE TABLE device_tokens (
    token_hash BLOB NOT NULL CHECK (length(token_hash) = 32),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    last_used_at INTEGER NOT NULL,
    CONSTRAINT device_tokens_token_hash PRIMARY KEY (token_hash)
) STRICT;
CREATE INDEX device_tokens_user_id ON device_tokens (user_id, last_used_at);
CREATE INDEX device_tokens_last_used_at ON device_tokens (last_used_at);

-- Wrong passwords since the last correct one. A user without a row has none.
CREATE TABLE wrong_passwords (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    attempts INTEGER NOT NULL,
    CONSTRAINT wrong_passwords_user_id PRIMARY KEY (user_id)
) STRICT;

-- Whether the hash is keyed. Hashes from before are plain; the start of the service replaces them.
ALTER TABLE known_clients ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE known_networks ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX known_clients_plain ON known_clients (user_id) WHERE NOT keyed;
CREATE INDEX known_networks_plain ON known_networks (user_id) WHERE NOT keyed;
