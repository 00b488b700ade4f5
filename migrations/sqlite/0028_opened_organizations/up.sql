-- When the member first made a request inside the organization, created it or accepted an invitation. NULL after a direct
-- addition until then. A version before this one leaves it out; the next request of the member sets it.
ALTER TABLE memberships ADD COLUMN opened_at INTEGER;
UPDATE memberships SET opened_at = profile_visible_at;
