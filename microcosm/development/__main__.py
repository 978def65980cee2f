"""`python -m microcosm.development`: what `make run` runs."""

import sys

from microcosm.development.server import main

sys.exit(main())
