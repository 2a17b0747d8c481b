"""One mesh carried through a whole morph, for shape keys; writes nothing but their file."""
