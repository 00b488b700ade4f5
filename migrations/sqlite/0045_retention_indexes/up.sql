-- For deleting old rows by their time, and challenges with their session.
CREATE INDEX events_by_time ON events (occurred_at);
CREATE INDEX mails_by_end ON mails (coalesce(delivered_at, refused_at, expires_at));
CREATE INDEX known_clients_by_time ON known_clients (last_seen_at);
CREATE INDEX known_networks_by_time ON known_networks (last_seen_at);
CREATE INDEX wallet_challenges_by_session ON wallet_challenges (session_id);
