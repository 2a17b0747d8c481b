"""python -m benchmarks.inbetweens"""

from .run import main

main()
