-- With what users have signed in: hashes of what a request shows of that, which are never the same for two users.
CREATE TABLE known_clients (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client BLOB NOT NULL CHECK (length(client) = 32),
    last_seen_at INTEGER NOT NULL,
    CONSTRAINT known_clients_user_id_client PRIMARY KEY (user_id, client)
) STRICT;

-- One more topic. A check can't be changed, so the table is made anew.
ALTER TABLE notice_counts RENAME TO notice_counts_before;
CREATE TABLE notice_counts (
    topic TEXT NOT NULL CHECK (
        topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets', 'sign_ins')
    ),
    email_canonical TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
) STRICT;
INSERT INTO notice_counts (topic, email_canonical, started_at, notices)
    SELECT topic, email_canonical, started_at, notices FROM notice_counts_before;
DROP TABLE notice_counts_before;
