"""A trained morph: the function, the motion that belongs to it, and the file that keeps both."""
