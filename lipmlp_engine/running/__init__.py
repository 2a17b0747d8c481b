"""A job on its way from shapes to results, and all who follow it; computes nothing itself."""
