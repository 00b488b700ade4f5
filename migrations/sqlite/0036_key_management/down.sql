DROP TABLE key_limit_windows;
DROP TABLE previous_key_secrets;
ALTER TABLE api_keys DROP COLUMN rotated_at;
ALTER TABLE api_keys DROP COLUMN uses_since;
ALTER TABLE api_keys DROP COLUMN remaining_uses;
ALTER TABLE api_keys DROP COLUMN restrictions;
ALTER TABLE api_keys DROP COLUMN disabled_at;
