-- With what users have signed in: hashes of what a request shows of that, which are never the same for two users.
CREATE TABLE known_clients (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client bytea NOT NULL CHECK (octet_length(client) = 32),
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT known_clients_user_id_client PRIMARY KEY (user_id, client)
);

-- One more topic.
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets', 'sign_ins')
);
