"""`python -m clusterctl`, for machines where the console script is not on the path."""

import sys

from clusterctl.main import main

if __name__ == "__main__":
    sys.exit(main())
