DROP INDEX invitations_by_address;
