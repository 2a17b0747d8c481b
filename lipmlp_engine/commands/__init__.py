"""What ``lipmorph`` can be told to do, one command a module; none imports torch before it has to."""
