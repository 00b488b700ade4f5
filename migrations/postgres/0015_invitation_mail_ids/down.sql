DROP INDEX invitation_mails_by_invitation;
ALTER TABLE invitation_mails DROP COLUMN invitation_id;
