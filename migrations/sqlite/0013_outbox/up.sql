-- How a mail ended that will never get there. `refusal` is a code and never the mail server's words, which may hold anything.
ALTER TABLE mails ADD COLUMN refused_at INTEGER;
ALTER TABLE mails ADD COLUMN refusal TEXT CHECK (
    (refusal IS NULL) = (refused_at IS NULL)
    AND (refusal IS NULL OR (sealed IS NULL AND delivered_at IS NULL))
);
