-- Earlier versions know no restrictions. Keys that have some are revoked, because they would be valid without limits.
UPDATE api_keys SET revoked_at = clock_timestamp()
    WHERE revoked_at IS NULL
    AND (disabled_at IS NOT NULL OR remaining_uses IS NOT NULL OR restrictions::text <> '{}');
DROP TABLE key_limit_windows;
DROP TABLE previous_key_secrets;
ALTER TABLE api_keys DROP COLUMN rotated_at;
ALTER TABLE api_keys DROP COLUMN uses_since;
ALTER TABLE api_keys DROP COLUMN remaining_uses;
ALTER TABLE api_keys DROP COLUMN restrictions;
ALTER TABLE api_keys DROP COLUMN disabled_at;
