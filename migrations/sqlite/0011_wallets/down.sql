DROP TABLE wallet_challenges;
DROP TABLE wallets;
