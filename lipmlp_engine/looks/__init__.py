"""What lies on the shapes (maps, colours, slots, normals), carried onto frames; knows nothing about fields."""
