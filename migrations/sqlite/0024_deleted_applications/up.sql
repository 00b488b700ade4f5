-- When an application was deleted. Nobody finds it from then on. Its row stays until a job has removed what it contains, in
-- small steps. A version before this one still finds it until then.
ALTER TABLE applications ADD COLUMN deleted_at INTEGER;

CREATE INDEX applications_deleted ON applications (deleted_at, id) WHERE deleted_at IS NOT NULL;
