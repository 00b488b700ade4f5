-- Since when other members see the email address and the name of a member. NULL after a direct addition by user id, until
-- the user makes a request inside the organization; a version before this one hides whom it adds in the same way.
-- The profiles of present members have been visible.
ALTER TABLE memberships ADD COLUMN profile_visible_at INTEGER;
UPDATE memberships SET profile_visible_at = joined_at;

-- Users who left an organization by themselves. A row is deleted when the user joins again, and by a job once it has no
-- effect any more.
CREATE TABLE departures (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    left_at INTEGER NOT NULL,
    CONSTRAINT departures_organization_id_user_id PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE INDEX departures_by_time ON departures (left_at);

-- One more topic. A check can't be changed, so the table is made anew.
ALTER TABLE notice_counts RENAME TO notice_counts_before;
CREATE TABLE notice_counts (
    topic TEXT NOT NULL CHECK (
        topic IN (
            'password', 'wallets', 'api_keys', 'owners', 'memberships', 'invitations', 'password_resets', 'sign_ins'
        )
    ),
    email_canonical TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
) STRICT;
INSERT INTO notice_counts (topic, email_canonical, started_at, notices)
    SELECT topic, email_canonical, started_at, notices FROM notice_counts_before;
DROP TABLE notice_counts_before;
