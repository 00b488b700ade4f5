DROP INDEX wallet_challenges_by_session;
DROP INDEX known_networks_by_time;
DROP INDEX known_clients_by_time;
DROP INDEX mails_by_end;
DROP INDEX events_by_time;
