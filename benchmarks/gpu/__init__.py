"""What a graphics card makes of the engine, all in one run; the parts return figures and know nothing of the others."""
