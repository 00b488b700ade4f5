-- How a mail ended that will never get there. `refusal` is a code and never the mail server's words, which may hold anything.
ALTER TABLE mails ADD COLUMN refused_at INTEGER;
ALTER TABLE mails ADD COLUMN refusal TEXT CHECK (
    (refusal IS NULL) = (refused_at IS NULL)
    AND (refusal IS NULL OR (sealed IS NULL AND delivered_at IS NULL))
);

-- How many notices of a topic an address got since the first of them.
CREATE TABLE notice_counts (
    topic TEXT NOT NULL CHECK (topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations')),
    email_canonical TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    notices INTEGER NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
) STRICT;
