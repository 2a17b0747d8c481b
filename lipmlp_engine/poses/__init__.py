"""Shapes that are poses of one another: which point becomes which, and a motion between them that keeps lengths."""
