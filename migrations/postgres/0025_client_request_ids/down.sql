ALTER TABLE password_reset_requests DROP COLUMN client_request_id;
ALTER TABLE events DROP COLUMN client_request_id;
