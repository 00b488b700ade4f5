DROP TABLE sso_codes;
DROP TABLE sso_sessions;
