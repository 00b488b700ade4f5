-- The costs of stored password hashes: each is the beginning of a PHC string, up to the salt. A failed sign-in does the work
-- of all of them, so that its time does not tell whether an account exists or how old its hash is.
CREATE TABLE password_hash_costs (
    cost text COLLATE "C" NOT NULL,
    CONSTRAINT password_hash_costs_cost PRIMARY KEY (cost)
);

-- What is left of `$argon2id$v=19$m=19456,t=2,p=1$salt$output` without the output and the salt.
INSERT INTO password_hash_costs (cost)
    SELECT DISTINCT rtrim(
        rtrim(
            rtrim(password_hash, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'),
            '$'
        ),
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
    )
    FROM users
    WHERE password_hash LIKE '$%$%$%$%';
