ALTER TABLE applications DROP COLUMN permissions;
