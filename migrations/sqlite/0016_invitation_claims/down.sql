ALTER TABLE invitations DROP COLUMN claimed_until;
ALTER TABLE invitations DROP COLUMN claimed_by;
