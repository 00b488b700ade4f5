ALTER TABLE organizations DROP COLUMN invitation_accepted_at;
DROP INDEX notice_counts_by_time;
DROP INDEX invitation_mails_by_time;
DROP INDEX invitations_by_end;
