DROP TABLE invitation_mails;
DROP TABLE invitations;
DROP TABLE mails;
