"""The surface of a field: bounds, extraction, and frames with normals, velocity and looks. Trains and writes nothing."""
