-- The privileges of the role that runs tessera serve. It cannot change the schema, and cannot change or forge what an audit
-- entry says: of a recorded entry, it can only increment the number of equal attempts, and delete it when its time is over.
--
-- Run this as the owner of the schema, in the database of the service, after tessera migrate. Once is enough: the last
-- statements are for the tables of later versions. Create the role before: CREATE ROLE tessera_serve LOGIN PASSWORD '…'.

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tessera_serve;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tessera_serve;

REVOKE UPDATE ON events FROM tessera_serve;
GRANT UPDATE (attempts) ON events TO tessera_serve;
REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM tessera_serve;

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tessera_serve;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO tessera_serve;
