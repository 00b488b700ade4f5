-- Since when other members see the email address and the name of a member. NULL after a direct addition by user id, until
-- the user makes a request inside the organization; a version before this one hides whom it adds in the same way.
-- The profiles of present members have been visible.
ALTER TABLE memberships ADD COLUMN profile_visible_at timestamptz;
UPDATE memberships SET profile_visible_at = joined_at;

-- Users who left an organization by themselves. A row is deleted when the user joins again, and by a job once it has no
-- effect any more.
CREATE TABLE departures (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    left_at timestamptz NOT NULL,
    CONSTRAINT departures_organization_id_user_id PRIMARY KEY (organization_id, user_id)
);

CREATE INDEX departures_by_time ON departures (left_at);

-- One more topic.
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN (
        'password', 'wallets', 'api_keys', 'owners', 'memberships', 'invitations', 'password_resets', 'sign_ins'
    )
);
