"""Reads shapes out of the scene and writes results into it; knows nothing of operators, panels or processes."""
