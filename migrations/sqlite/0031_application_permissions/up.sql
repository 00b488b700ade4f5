-- The permissions that an application adds to the catalogue of the service, as an array of names.
ALTER TABLE applications ADD COLUMN permissions TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(permissions));
