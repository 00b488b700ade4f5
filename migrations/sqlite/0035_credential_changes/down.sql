DROP TABLE credential_changes;
DROP TABLE credential_epoch;
