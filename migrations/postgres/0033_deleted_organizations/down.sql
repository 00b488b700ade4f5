DROP INDEX organizations_deleted;
ALTER TABLE organizations DROP COLUMN deleted_at;
