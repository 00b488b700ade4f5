-- The outbox. Whoever takes a mail moves its `due_at` to the time at which somebody else may take it: lease and back-off
-- are one column. `sealed` can't be read from here, and is gone once the mail is delivered or expired.
CREATE TABLE mails (
    id uuid NOT NULL CONSTRAINT mails_id PRIMARY KEY,
    recipient text NOT NULL,
    sealed bytea,
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    delivered_at timestamptz
);

CREATE INDEX mails_waiting ON mails (due_at) WHERE sealed IS NOT NULL;

-- `pending_email` is the canonical address while the invitation is open and NULL after: one open invitation for an address.
-- Who invited is history: they may be gone, so nothing refers to them.
CREATE TABLE invitations (
    id uuid NOT NULL CONSTRAINT invitations_id PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email text NOT NULL,
    pending_email text COLLATE "C",
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    status text NOT NULL CHECK (status IN ('pending', 'accepted', 'withdrawn')),
    token_hash bytea NOT NULL CONSTRAINT invitations_token_hash UNIQUE CHECK (octet_length(token_hash) = 32),
    invited_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT invitations_organization_id_pending_email UNIQUE (organization_id, pending_email),
    CHECK ((status = 'pending') = (pending_email IS NOT NULL)),
    CHECK ((status = 'pending') = (ended_at IS NULL))
);

CREATE INDEX invitations_by_organization ON invitations (organization_id, id);

-- When an address got a mail from an organization, for the limit of a day.
CREATE TABLE invitation_mails (
    mail_id uuid NOT NULL CONSTRAINT invitation_mails_mail_id PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email_canonical text COLLATE "C" NOT NULL,
    sent_at timestamptz NOT NULL
);

CREATE INDEX invitation_mails_by_address ON invitation_mails (organization_id, email_canonical, sent_at);
