CREATE INDEX wallet_challenges_by_network ON wallet_challenges (network, issued_at);
