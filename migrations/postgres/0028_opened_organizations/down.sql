ALTER TABLE memberships DROP COLUMN opened_at;
