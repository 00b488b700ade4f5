DELETE FROM notice_counts WHERE topic = 'factors';
ALTER TABLE notice_counts DROP CONSTRAINT notice_counts_topic_check;
ALTER TABLE notice_counts ADD CONSTRAINT notice_counts_topic_check CHECK (
    topic IN (
        'password', 'wallets', 'api_keys', 'owners', 'memberships', 'invitations', 'password_resets', 'sign_ins'
    )
);
ALTER TABLE organizations DROP COLUMN mfa_required;
DROP TABLE interrupted_operations;
DROP TABLE recovery_codes;
DROP TABLE totp_enrollments;
DROP TABLE totp_factors;
