DELETE FROM notice_counts WHERE topic = 'sign_ins';
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations', 'password_resets')
);
DROP TABLE known_clients;
