-- Earlier versions know no restrictions. Keys that have some are revoked, because they would be valid without limits.
UPDATE api_keys SET revoked_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000
    WHERE revoked_at IS NULL
    AND (disabled_at IS NOT NULL OR remaining_uses IS NOT NULL OR restrictions <> '{}');
DROP TABLE key_limit_windows;
DROP TABLE previous_key_secrets;
ALTER TABLE api_keys DROP COLUMN rotated_at;
ALTER TABLE api_keys DROP COLUMN uses_since;
ALTER TABLE api_keys DROP COLUMN remaining_uses;
ALTER TABLE api_keys DROP COLUMN restrictions;
ALTER TABLE api_keys DROP COLUMN disabled_at;
