-- For deleting rows that are older than their retention, by time.
CREATE INDEX invitations_by_end ON invitations (coalesce(ended_at, expires_at));
CREATE INDEX invitation_mails_by_time ON invitation_mails (sent_at);
CREATE INDEX notice_counts_by_time ON notice_counts (started_at);

-- When an invitation of the organization was accepted for the first time, which is known after the invitation is deleted. A
-- version before this one leaves it out; the acceptance is then known until its invitation is deleted.
ALTER TABLE organizations ADD COLUMN invitation_accepted_at INTEGER;
UPDATE organizations SET invitation_accepted_at = (
    SELECT min(ended_at) FROM invitations WHERE organization_id = organizations.id AND status = 'accepted'
);

-- No version writes this topic any more.
DELETE FROM notice_counts WHERE topic = 'invitations';
