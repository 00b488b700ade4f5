DROP INDEX sessions_live;
DROP INDEX api_keys_active;
ALTER TABLE applications DROP COLUMN item_count;
ALTER TABLE applications DROP COLUMN key_count;
