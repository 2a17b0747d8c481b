"""Points: clouds as they are scanned, and the closed surfaces that are found through them; knows nothing of morphs."""
