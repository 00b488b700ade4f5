DELETE FROM notice_counts WHERE topic = 'memberships';
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets', 'sign_ins')
);
DROP TABLE departures;
ALTER TABLE memberships DROP COLUMN profile_visible_at;
