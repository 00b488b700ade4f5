DROP INDEX wallet_challenges_by_network;
DROP INDEX sso_sessions_unfinished_by_network;
DROP INDEX sso_sessions_unfinished_by_application;
ALTER TABLE wallet_challenges DROP COLUMN network;
ALTER TABLE sso_sessions DROP COLUMN network;
