DELETE FROM notice_counts WHERE topic = 'factors';
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN (
        'password', 'wallets', 'api_keys', 'owners', 'memberships', 'invitations', 'password_resets', 'sign_ins'
    )
);
DROP TABLE passkey_ceremonies;
DROP TABLE passkeys;
