"""`python -m steps.chain LINK…`."""

import sys

from steps.chain.run import main

code = main(sys.argv[1:])
sys.stdout.flush()
sys.exit(code)
