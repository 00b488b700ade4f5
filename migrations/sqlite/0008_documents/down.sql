DROP TABLE custom_data;
DROP TABLE system_data;
DROP TABLE settings;
