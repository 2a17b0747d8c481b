"""What there is to compute with: processors, memory, programs, streams; knows no job but by its size."""
