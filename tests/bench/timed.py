"""The application as production serves it, with its requests timed."""

import os
from pathlib import Path

from microcosm.wsgi import application as served
from tests.bench.times import FOLDER, TimedApplication

application = TimedApplication(served, Path(os.environ[FOLDER]))
