"""The classic demonstrations of 1-Lipschitz networks, made with the engine's own orthogonal family and losses."""
