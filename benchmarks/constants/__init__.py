"""A benchmark of what the method's constants do: half and twice of each, in small morphs."""
