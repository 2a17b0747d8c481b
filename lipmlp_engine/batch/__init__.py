"""Many morphs over many processes and machines: the list, who does what where, and what came of it. No torch."""
