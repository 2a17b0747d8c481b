"""Measures the morph of poses: how shapes are matched and what lies between them, on characters with a known truth."""
