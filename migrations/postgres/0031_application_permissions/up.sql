-- The permissions that an application adds to the catalogue of the service, as an array of names.
ALTER TABLE applications ADD COLUMN permissions json NOT NULL DEFAULT '[]';
