"""Fitting the network: what it is shown, what it loses by, and how it steps."""
