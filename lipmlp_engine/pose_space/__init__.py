"""A small space of poses of one mesh, learned so that lengths are kept between them; knows no field and no Blender."""
