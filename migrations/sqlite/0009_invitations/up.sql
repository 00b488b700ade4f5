-- The outbox. Whoever takes a mail moves its `due_at` to the time at which somebody else may take it: lease and back-off
-- are one column. `sealed` can't be read from here, and is gone once the mail is delivered or expired.
CREATE TABLE mails (
    id BLOB NOT NULL CONSTRAINT mails_id PRIMARY KEY CHECK (length(id) = 16),
    recipient TEXT NOT NULL,
    sealed BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    delivered_at INTEGER
) STRICT;

CREATE INDEX mails_waiting ON mails (due_at) WHERE sealed IS NOT NULL;

-- `pending_email` is the canonical address while the invitation is open and NULL after: one open invitation for an address.
-- Who invited is history: they may be gone, so nothing refers to them.
CREATE TABLE invitations (
    id BLOB NOT NULL CONSTRAINT invitations_id PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    pending_email TEXT,
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'withdrawn')),
    token_hash BLOB NOT NULL CONSTRAINT invitations_token_hash UNIQUE CHECK (length(token_hash) = 32),
    invited_by BLOB NOT NULL CHECK (length(invited_by) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    CONSTRAINT invitations_organization_id_pending_email UNIQUE (organization_id, pending_email),
    CHECK ((status = 'pending') = (pending_email IS NOT NULL)),
    CHECK ((status = 'pending') = (ended_at IS NULL))
) STRICT;

CREATE INDEX invitations_by_organization ON invitations (organization_id, id);

-- When an address got a mail from an organization, for the limit of a day.
CREATE TABLE invitation_mails (
    mail_id BLOB NOT NULL CONSTRAINT invitation_mails_mail_id PRIMARY KEY CHECK (length(mail_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email_canonical TEXT NOT NULL,
    sent_at INTEGER NOT NULL
) STRICT;

CREATE INDEX invitation_mails_by_address ON invitation_mails (organization_id, email_canonical, sent_at);
