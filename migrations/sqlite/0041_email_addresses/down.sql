ALTER TABLE password_reset_requests DROP COLUMN links_left;
DROP TABLE pending_registrations;
DROP TABLE email_changes;
DROP TABLE email_proofs;
