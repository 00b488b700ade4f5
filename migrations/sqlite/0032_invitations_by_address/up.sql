-- For the list of the invitations to one address.
CREATE INDEX invitations_by_address ON invitations (pending_email, id) WHERE pending_email IS NOT NULL;
