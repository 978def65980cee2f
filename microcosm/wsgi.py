"""HTTP: what granian serves, the API and the admin; static files too where no nginx stands in front."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise import WhiteNoise

from apps.core.guest_cache import GuestCache
from apps.core.handler import Handler
from microcosm.start import load_or_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microcosm.settings.base")

load_or_exit()
application: Any = Handler()
if Path(settings.STATIC_ROOT).is_dir():
    application = WhiteNoise(application, root=settings.STATIC_ROOT, prefix=settings.STATIC_URL)
if settings.GUEST_CACHE_MILLISECONDS:
    application = GuestCache(application, seconds=settings.GUEST_CACHE_MILLISECONDS / 1000)
