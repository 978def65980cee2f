"""HTTP: what granian serves, the API and the admin; static files too where no nginx stands in front."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import get_resolver
from whitenoise import WhiteNoise

from apps.core.guest_cache import GuestCache
from apps.core.handler import Handler
from microcosm.start import load_or_exit, settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microcosm.settings.base")

load_or_exit()
application: Any = Handler()
if Path(settings.STATIC_ROOT).is_dir():
    application = WhiteNoise(application, root=settings.STATIC_ROOT, prefix=settings.STATIC_URL)
if settings.GUEST_CACHE_MILLISECONDS:
    application = GuestCache(application, seconds=settings.GUEST_CACHE_MILLISECONDS / 1000)

# All routes, which every process comes to hold, so that they are not gone through for garbage again and again.
for urlconf in (settings.ROOT_URLCONF, settings.ROOT_HOST_URLCONF):
    get_resolver(urlconf).url_patterns  # noqa: B018 - imports them
settle()
