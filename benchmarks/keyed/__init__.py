"""The pairs and the known motions that benchmarks/shape_keys.py carries a mesh through."""
