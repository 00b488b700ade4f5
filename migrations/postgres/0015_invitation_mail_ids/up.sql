-- Which invitation a mail carries, so that the mail can be taken back with it. A version before this one leaves it out.
ALTER TABLE invitation_mails ADD COLUMN invitation_id uuid;

CREATE INDEX invitation_mails_by_invitation ON invitation_mails (invitation_id);
