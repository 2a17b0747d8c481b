"""The surface of a field: bounds, extraction, frames with normals, velocity and looks. Trains and writes nothing."""
