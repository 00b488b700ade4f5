-- The number of open challenges of a network is bounded in memory. No query uses the column any more. It is dropped in a
-- later release, because nodes of the previous version still write it.
DROP INDEX wallet_challenges_by_network;
