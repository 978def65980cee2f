"""Development: base.py loosened, for one machine and no secrets."""

from base64 import urlsafe_b64encode
from hashlib import sha256

from microcosm.settings.base import *  # noqa: F403
from microcosm.settings.base import SECRET_KEY, VAPID_PRIVATE_KEY, env
from microcosm.settings.environment import is_port

DEBUG = env.bool("DEBUG", default=False)
# Known to everybody, so it protects nothing: development only.
SECRET_KEY = SECRET_KEY or "development-only-" + "0" * 48
# Made of the secret above: the same at each start, so that browsers stay subscribed.
VAPID_PRIVATE_KEY = VAPID_PRIVATE_KEY or urlsafe_b64encode(sha256(SECRET_KEY.encode()).digest()).decode()
PLATFORM_SCHEME = env.choice("PLATFORM_SCHEME", default="http", options=("http", "https"))
PLATFORM_PORT = env.checked("PLATFORM_PORT", default="8000", test=is_port, wanted="a number from 1 to 65535")
EMAIL_CONFIRMATION_REQUIRED = env.bool("EMAIL_CONFIRMATION_REQUIRED", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
