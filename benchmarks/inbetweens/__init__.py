"""A benchmark of what a morph does between its ends, beside what can be had without it."""
