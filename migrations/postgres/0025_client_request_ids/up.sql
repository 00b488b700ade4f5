-- What the client calls its request. `request_id` is the service's own from here on; earlier rows may have a client's there.
-- A version before this one leaves the column out.
ALTER TABLE events ADD COLUMN client_request_id text;
ALTER TABLE password_reset_requests ADD COLUMN client_request_id text;
