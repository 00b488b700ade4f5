-- What was counted so far is forgotten: it is about an hour, or a day.
DROP TABLE notice_counts;
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
CREATE INDEX notice_counts_by_time ON notice_counts (started_at);
ALTER TABLE organizations DROP COLUMN mfa_required;
DROP TABLE interrupted_operations;
DROP TABLE recovery_codes;
DROP TABLE totp_enrollments;
DROP TABLE totp_factors;
