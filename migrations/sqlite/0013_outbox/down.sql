DROP TABLE notice_counts;
ALTER TABLE mails DROP COLUMN refusal;
ALTER TABLE mails DROP COLUMN refused_at;
