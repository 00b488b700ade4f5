DROP TABLE known_networks;
ALTER TABLE rate_limits DROP COLUMN rejections;
ALTER TABLE rate_limits DROP COLUMN admitted;
