-- The request that is about to accept an invitation, and until when it keeps others out. A version before this one claims
-- nothing, and minds no claim.
ALTER TABLE invitations ADD COLUMN claimed_by uuid;
ALTER TABLE invitations ADD COLUMN claimed_until timestamptz CHECK ((claimed_until IS NULL) = (claimed_by IS NULL));
