DROP TABLE password_hash_costs;
