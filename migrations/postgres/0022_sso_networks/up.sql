-- The network of the client, by which unfinished sign-ins and open challenges are bounded.
ALTER TABLE sso_sessions ADD COLUMN network text COLLATE "C";
ALTER TABLE wallet_challenges ADD COLUMN network text COLLATE "C";

CREATE INDEX sso_sessions_unfinished_by_application ON sso_sessions (application_id, created_at) WHERE done_at IS NULL;
CREATE INDEX sso_sessions_unfinished_by_network ON sso_sessions (network, created_at) WHERE done_at IS NULL;
CREATE INDEX wallet_challenges_by_network ON wallet_challenges (network, issued_at);
