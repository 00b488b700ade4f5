-- What waits to be removed must not come back to life.
DELETE FROM applications WHERE deleted_at IS NOT NULL;
DROP INDEX applications_deleted;
ALTER TABLE applications DROP COLUMN deleted_at;
