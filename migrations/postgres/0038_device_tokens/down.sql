DROP INDEX known_networks_plain;
DROP INDEX known_clients_plain;
ALTER TABLE known_networks DROP COLUMN keyed;
ALTER TABLE known_clients DROP COLUMN keyed;
DROP TABLE wrong_passwords;
DROP TABLE device_tokens;
