-- The request that is about to accept an invitation, and until when it keeps others out. A version before this one claims
-- nothing, and minds no claim.
ALTER TABLE invitations ADD COLUMN claimed_by BLOB CHECK (length(claimed_by) = 16);
ALTER TABLE invitations ADD COLUMN claimed_until INTEGER CHECK ((claimed_until IS NULL) = (claimed_by IS NULL));
