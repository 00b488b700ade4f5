-- For deleting old rows by their time, and challenges with their session.
DROP INDEX CONCURRENTLY IF EXISTS events_by_time;
CREATE INDEX CONCURRENTLY events_by_time ON events (occurred_at);
DROP INDEX CONCURRENTLY IF EXISTS mails_by_end;
CREATE INDEX CONCURRENTLY mails_by_end ON mails (coalesce(delivered_at, refused_at, expires_at));
DROP INDEX CONCURRENTLY IF EXISTS known_clients_by_time;
CREATE INDEX CONCURRENTLY known_clients_by_time ON known_clients (last_seen_at);
DROP INDEX CONCURRENTLY IF EXISTS known_networks_by_time;
CREATE INDEX CONCURRENTLY known_networks_by_time ON known_networks (last_seen_at);
DROP INDEX CONCURRENTLY IF EXISTS wallet_challenges_by_session;
CREATE INDEX CONCURRENTLY wallet_challenges_by_session ON wallet_challenges (session_id);
