-- How a mail ended that will never get there. `refusal` is a code and never the mail server's words, which may hold anything.
ALTER TABLE mails ADD COLUMN refused_at timestamptz;
ALTER TABLE mails ADD COLUMN refusal text CHECK (
    (refusal IS NULL) = (refused_at IS NULL)
    AND (refusal IS NULL OR (sealed IS NULL AND delivered_at IS NULL))
);

-- How many notices of a topic an address got since the first of them.
CREATE TABLE notice_counts (
    topic text COLLATE "C" NOT NULL CHECK (topic IN ('password', 'wallets', 'api_keys', 'owners', 'invitations')),
    email_canonical text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    notices integer NOT NULL,
    CONSTRAINT notice_counts_topic_email_canonical PRIMARY KEY (topic, email_canonical)
);
