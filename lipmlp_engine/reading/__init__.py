"""Files of shapes and clouds, read and made fit to be morphed; knows nothing of networks."""
