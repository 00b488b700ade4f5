-- Which invitation a mail carries, so that the mail can be taken back with it. A version before this one leaves it out.
ALTER TABLE invitation_mails ADD COLUMN invitation_id BLOB CHECK (length(invitation_id) = 16);

CREATE INDEX invitation_mails_by_invitation ON invitation_mails (invitation_id);
