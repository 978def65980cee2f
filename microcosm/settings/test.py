"""Tests: development with a cheap password hasher and nothing remembered between tests."""

from microcosm.settings.dev import *  # noqa: F403
from microcosm.settings.dev import DATABASES, env

PLATFORM_PORT = ""
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.locmem.EmailBackend")
# Several runs may share one server.
DATABASES["default"]["TEST"] = {"NAME": env.str("TEST_DATABASE_NAME", default="test_microcosm")}
# A job for each of the many people of the tests would be in the way of those that count jobs.
AVATARS = ""
# Nothing is written behind a test's back: tests store what was counted themselves.
TALLY_STORE_SECONDS = 0
