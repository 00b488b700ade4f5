-- The kind of the message. A node takes only messages of a kind that it delivers. A version before this one leaves the column
-- out and takes every message, so no version may add another kind while such nodes run. The values are not checked, because
-- SQLite can change a check only by copying the table.
ALTER TABLE mails ADD COLUMN kind text COLLATE "C" NOT NULL DEFAULT 'mail';
