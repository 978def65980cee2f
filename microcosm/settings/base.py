"""Production settings: everything comes from the environment (docs/settings.md names each one)."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from microcosm.settings.environment import (
    LOG_LEVELS,
    MOST_DAYS,
    MOST_HOURS,
    Environment,
    is_domain,
    is_file,
    is_folder,
    is_header,
    is_key,
    is_memcached,
    is_port,
)

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = Environment()

# --- Secrets and addresses -------------------------------------------------------------------

SECRET_KEY: str = env.str("SECRET_KEY", default="")
DEBUG = False

#: The apex domain: the root site answers there, each site at <key>.<apex>.
PLATFORM_DOMAIN: str = env.checked(
    "PLATFORM_DOMAIN", default="localhost", test=is_domain, wanted="the name of a host"
).lower()
#: What links in mail and `siteURL` say before the host, and which port follows it ("" for none).
PLATFORM_SCHEME: str = env.choice("PLATFORM_SCHEME", default="https", options=("http", "https"))
PLATFORM_PORT: str = env.checked("PLATFORM_PORT", default="", test=is_port, wanted="a number from 1 to 65535")
#: What redirects of short links change: `[{"domain": "*.example.com", "set": {"tag": "x"}, "remove": ["y"]}]`.
AFFILIATE_RULES: list[dict[str, Any]] = env.json("AFFILIATE_RULES", default=[])
#: Further keys a site may be reached by: "old=new,older=new" (contract A 1.1).
SITE_KEY_ALIASES: dict[str, str] = env.dict("SITE_KEY_ALIASES", default={})
#: Keys no site may have, beside those of apps/sites/reserved.py.
RESERVED_KEYS: list[str] = env.list("RESERVED_KEYS", default=[])
#: Who runs the platform and how to write to them, as the legal texts say it.
OPERATOR_NAME: str = env.str("OPERATOR_NAME", default=f"the operator of {PLATFORM_DOMAIN}")
OPERATOR_EMAIL: str = env.str("OPERATOR_EMAIL", default="")
#: A folder whose `legal/cookies.html`, `privacy.html`, `terms.html` and `service.html` replace ours.
LEGAL_TEMPLATES_DIR: str = env.checked("LEGAL_TEMPLATES_DIR", default="", test=is_folder, wanted="a folder")

#: Addresses or networks whose forwarding header is believed, and the name of that header.
TRUSTED_PROXIES: list[str] = env.networks("TRUSTED_PROXIES")
CLIENT_ADDRESS_HEADER: str = env.checked(
    "CLIENT_ADDRESS_HEADER", default="X-Forwarded-For", test=is_header, wanted="the name of a header"
)

# The site middleware decides which hosts exist; unknown ones get the contract's 404, not Django's 400.
ALLOWED_HOSTS = ["*"]

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "anymail",
    "channels",
    "procrastinate.contrib.django",
    "apps.core",
    "apps.jobs",
    "apps.accounts",
    "apps.sites",
    "apps.files",
    "apps.links",
    "apps.text",
    "apps.profiles",
    "apps.microcosms",
    "apps.permissions",
    "apps.items",
    "apps.huddles",
    "apps.comments",
    "apps.updates",
    "apps.moderation",
    "apps.search",
    "apps.transfer",
    "apps.live",
    "apps.webhooks",
]

# The API pays for nothing it does not need: sessions, CSRF and messages run for /admin/ only (docs/decisions/0004).
MIDDLEWARE = [
    "apps.core.middleware.RequestIdMiddleware",
    "apps.core.middleware.RequestLimitsMiddleware",
    "apps.sites.middleware.SiteMiddleware",
    "microcosm.admin_middleware.AdminSessionMiddleware",
    "microcosm.admin_middleware.AdminCsrfMiddleware",
    "microcosm.admin_middleware.AdminAuthenticationMiddleware",
    "microcosm.admin_middleware.AdminMessageMiddleware",
    "microcosm.admin_middleware.AdminFrameMiddleware",
]

ROOT_URLCONF = "microcosm.urls"
#: The route table of the apex domain.
ROOT_HOST_URLCONF = "microcosm.urls_root"
#: What runs when something happens: the table that `apps.core.events` reads.
SUBSCRIPTIONS = "microcosm.subscriptions.SUBSCRIPTIONS"
WSGI_APPLICATION = "microcosm.wsgi.application"
ASGI_APPLICATION = "microcosm.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [*([LEGAL_TEMPLATES_DIR] if LEGAL_TEMPLATES_DIR else []), BASE_DIR / "microcosm" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database and cache ----------------------------------------------------------------------


#: How statements are planned: once, for any values, on data that are in memory or on flash; never compiled, which costs
#: hundreds of milliseconds and does not pay for statements as short as ours (docs/decisions/0046).
PLANNING = ("plan_cache_mode=force_generic_plan", "random_page_cost=1.1", "jit=off")


def database(url: str) -> dict[str, Any]:
    """Settings of one PostgreSQL database: server-side bound and prepared statements, kept connections."""
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {str(error).strip()}") from error
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    settings: dict[str, Any] = {key: str(parts.pop(part, "")) for key, part in names.items()}
    if not settings["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database, e.g. postgresql://user@host/microcosm")
    # apps/core/sql.py prepares the hot statements; psycopg would take them away on each rollback (docs/decisions/0032).
    options = {"server_side_binding": True, "prepare_threshold": None} | parts
    timeout = env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=30_000)
    options.setdefault("options", " ".join(f"-c {option}" for option in (f"statement_timeout={timeout}", *PLANNING)))
    return settings | {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": database(env.str("DATABASE_URL", default="postgresql:///microcosm"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: memcached as "host:port" or "/path/to/socket"; empty keeps what is shared within each process (docs/decisions/0042).
CACHE_URL: str = env.checked("CACHE_URL", default="", test=is_memcached, wanted="host:port, or the path of a socket")

#: How long a page for guests is kept in front of Django, at most a second; 0 keeps none (docs/decisions/0041).
GUEST_CACHE_MILLISECONDS: int = env.int("GUEST_CACHE_MS", default=1000, most=1000)

# --- Accounts --------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
#: The ways to prove who one is behind `POST /auth`, by name (apps/accounts/backends).
SIGN_IN_BACKENDS: dict[str, str] = {
    "password": "apps.accounts.backends.password.PasswordBackend",
    # Behind POST /auth0, for sites that have chosen a provider.
    "auth0": "apps.accounts.backends.provider.ProviderBackend",
}
#: What our applications at identity providers are known by there: `{"client id": "client secret"}`.
PROVIDER_CLIENT_SECRETS: dict[str, str] = env.json("PROVIDER_CLIENT_SECRETS", default={})
#: Whether an address must be confirmed by mail before its first token.
EMAIL_CONFIRMATION_REQUIRED: bool = env.bool("EMAIL_CONFIRMATION_REQUIRED", default=True)
#: How long a mailed code can be used, and how soon another is mailed to the same address.
EMAIL_CODE_MINUTES: int = env.int("EMAIL_CODE_MINUTES", default=30, least=1)
EMAIL_CODE_RESEND_SECONDS: int = env.int("EMAIL_CODE_RESEND_SECONDS", default=300)
#: Who is asked whether an unknown address is a spammer's (apps/accounts/spam.py).
SPAM_CHECK: str = env.str("SPAM_CHECK", default="apps.accounts.spam.NobodyIsASpammer")
STOP_FORUM_SPAM_URL: str = env.str("STOP_FORUM_SPAM_URL", default="https://api.stopforumspam.org/api")
#: How long an access token lives, in days.
ACCESS_TOKEN_DAYS: int = env.int("ACCESS_TOKEN_DAYS", default=365, least=1, most=MOST_DAYS)
#: Profile names that only one address may use: "name=address,name=" - nobody without an address (contract A 23.4).
RESERVED_PROFILE_NAMES: dict[str, str] = env.dict("RESERVED_PROFILE_NAMES", default={})

# --- Mail ------------------------------------------------------------------------------------

vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
#: Seconds until a mail server that does not answer is given up.
EMAIL_TIMEOUT: int = env.int("EMAIL_TIMEOUT", default=10, least=1)
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default=f"noreply@{PLATFORM_DOMAIN}")
if _backend := env.str("EMAIL_BACKEND", default=""):
    #: Instead of EMAIL_URL: a mail service's back end of django-anymail, e.g. "anymail.backends.mailgun.EmailBackend".
    EMAIL_BACKEND = _backend
#: What that service needs: `{"MAILGUN_API_KEY": "…"}`; WEBHOOK_SECRET "name:password" lets it report bounces.
ANYMAIL: dict[str, Any] = env.json("ANYMAIL", default={})
#: Hard bounces after which an address gets no mail about updates until an operator says so.
MAIL_BOUNCES: int = env.int("MAIL_BOUNCES", default=3, least=1)
#: Mails about updates that one member gets within an hour; what comes on top waits for the daily digest.
MAILS_PER_HOUR: int = env.int("MAILS_PER_HOUR", default=30)
#: Our key towards push services, the 32 bytes of a P-256 key in base64 for URLs; nothing is pushed without one.
VAPID_PRIVATE_KEY: str = env.checked("VAPID_PRIVATE_KEY", default="", test=is_key, wanted="32 bytes in base64 for URLs")
#: How long before an event those who are going are reminded.
EVENT_REMINDER_HOURS: int = env.int("EVENT_REMINDER_HOURS", default=24, most=MOST_HOURS)

# --- Jobs ------------------------------------------------------------------------------------

#: What runs when: the table that `apps.jobs.schedule` reads.
SCHEDULE = "microcosm.schedule.SCHEDULE"
#: Jobs that are done leave the table; failed ones stay for the operator to see.
PROCRASTINATE_WORKER_DEFAULTS = {"delete_jobs": "successful"}

#: How long an update about a new item is kept, in days.
NEW_ITEM_UPDATE_DAYS: int = env.int("NEW_ITEM_UPDATE_DAYS", default=31, least=1, most=MOST_DAYS)
#: How long an access token that has expired or was ended is remembered, in days.
EXPIRED_TOKEN_DAYS: int = env.int("EXPIRED_TOKEN_DAYS", default=30, most=MOST_DAYS)
#: How long the audit trail reaches back, in days; 0 keeps all of it.
AUDIT_DAYS: int = env.int("AUDIT_DAYS", default=365, most=MOST_DAYS)
#: How long views and followed links are counted in the memory of a process before they are stored; 0 stores none (tests
#: do it themselves).
TALLY_STORE_SECONDS: float = env.float("TALLY_STORE_SECONDS", default=5.0)

# --- Limits ----------------------------------------------------------------------------------

#: Bytes of a JSON or form body; longer ones are refused with 413.
MAX_BODY_BYTES: int = env.int("MAX_BODY_BYTES", default=4 * 1024 * 1024, least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
# Counted by apps.core, which answers in the contract's shape.
DATA_UPLOAD_MAX_NUMBER_FIELDS = None
#: Bytes of all header names and values together, and of the request target; longer ones get 431 and 414.
MAX_HEADER_BYTES: int = env.int("MAX_HEADER_BYTES", default=32 * 1024, least=1)
MAX_TARGET_BYTES: int = env.int("MAX_TARGET_BYTES", default=16 * 1024, least=1)
#: Query parameters in one request.
MAX_QUERY_PARAMETERS: int = env.int("MAX_QUERY_PARAMETERS", default=200, least=1)
#: How long one search may take.
SEARCH_TIMEOUT_MILLISECONDS: int = env.int("SEARCH_TIMEOUT_MS", default=15_000, least=1)
#: Fields in one form.
MAX_FORM_FIELDS: int = env.int("MAX_FORM_FIELDS", default=200, least=1)
#: Nesting of a JSON body.
MAX_JSON_DEPTH: int = env.int("MAX_JSON_DEPTH", default=32, least=1)
#: Sign-in attempts: for one address, and from one network address, within fifteen minutes.
SIGN_IN_ATTEMPTS_PER_EMAIL: int = env.int("SIGN_IN_ATTEMPTS_PER_EMAIL", default=10, least=1)
SIGN_IN_ATTEMPTS_PER_IP: int = env.int("SIGN_IN_ATTEMPTS_PER_IP", default=100, least=1)

# --- Change log and sockets ------------------------------------------------------------------

#: How many days back the change log reaches.
CHANGE_LOG_DAYS: int = env.int("CHANGE_LOG_DAYS", default=7, least=1, most=MOST_DAYS)
#: Requests that may wait for changes at once in one HTTP process; further ones are answered at once.
FEED_WAITERS: int = env.int("FEED_WAITERS", default=2)

#: Open sockets and streams in one process, from one network address and of one person.
LIVE_CONNECTIONS_PER_ADDRESS: int = env.int("LIVE_CONNECTIONS_PER_ADDRESS", default=200, least=1)
LIVE_CONNECTIONS_PER_PERSON: int = env.int("LIVE_CONNECTIONS_PER_PERSON", default=20, least=1)
#: Origins of other hosts whose pages may open sockets, `*` for all.
LIVE_ORIGINS: list[str] = [origin.lower() for origin in env.list("LIVE_ORIGINS", default=[])]
#: The Redis that wakes followers of the log, "redis://host:6379/0"; without one PostgreSQL does (docs/decisions/0083).
WAKES_URL: str = env.redis_url("WAKES_URL")
#: Threads of the socket process that ask the database for clients, each with a connection; the log has one more.
LIVE_DATABASE_THREADS: int = env.int("LIVE_DATABASE_THREADS", default=4, least=1)

# --- Uploads ---------------------------------------------------------------------------------

#: Where uploads are kept: empty for MEDIA_ROOT, or "s3://bucket/prefix?endpoint=https://host&region=name".
FILE_STORAGE_URL: str = env.str("FILE_STORAGE_URL", default="")
#: The key to that bucket; without one boto3 looks where it always does.
FILE_STORAGE_KEY: str = env.str("FILE_STORAGE_KEY", default="")
FILE_STORAGE_SECRET: str = env.str("FILE_STORAGE_SECRET", default="")


def file_storage(url: str) -> dict[str, Any]:
    """The entry in STORAGES for uploads."""
    if not url:
        return {"BACKEND": "apps.files.storage.LocalFileStorage"}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    unknown = query.keys() - {"endpoint", "region", "addressing"}
    if parts.scheme != "s3" or not parts.netloc or unknown:
        raise ImproperlyConfigured(
            "FILE_STORAGE_URL cannot be read: s3://bucket/prefix?endpoint=…&region=…&addressing=path"
        )
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": query.get("endpoint"),
        "region_name": query.get("region"),
        "addressing_style": query.get("addressing"),
        "access_key": FILE_STORAGE_KEY or None,
        "secret_key": FILE_STORAGE_SECRET or None,
        "use_threads": False,
    }
    return {"BACKEND": "apps.files.s3.S3FileStorage", "OPTIONS": options}


STORAGES = {
    "default": file_storage(FILE_STORAGE_URL),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
#: Bytes of one uploaded file, and of one request that uploads (nginx's client_max_body_size is the same).
MAX_FILE_BYTES: int = env.int("MAX_FILE_BYTES", default=30 * 1024 * 1024, least=1)
MAX_UPLOAD_BYTES: int = env.int("MAX_UPLOAD_BYTES", default=32 * 1024 * 1024, least=1)
#: Parts of one multipart body.
MAX_UPLOAD_PARTS: int = env.int("MAX_UPLOAD_PARTS", default=20, least=1)
#: Pixels of one picture (an animation may have twice as many in all its frames), and frames of one animation.
MAX_IMAGE_PIXELS: int = env.int("MAX_IMAGE_PIXELS", default=50_000_000, least=1)
MAX_IMAGE_FRAMES: int = env.int("MAX_IMAGE_FRAMES", default=1000, least=1)

# --- Requests to other servers ---------------------------------------------------------------

#: Ports that requests of ours may go to (apps/core/outbound.py).
OUTBOUND_PORTS: list[int] = env.list("OUTBOUND_PORTS", cast=int, default=[80, 443])
#: Networks that they may go to though they are not public.
OUTBOUND_ALLOWED_NETWORKS: list[str] = env.networks("OUTBOUND_ALLOWED_NETWORKS")
#: A file with certificate authorities to trust beside the usual ones.
OUTBOUND_CA_FILE: str = env.checked("OUTBOUND_CA_FILE", default="", test=is_file, wanted="a file")

#: Webhooks of one site, and whether they may be told without TLS.
WEBHOOKS_PER_SITE: int = env.int("WEBHOOKS_PER_SITE", default=20)
WEBHOOK_ALLOW_HTTP: bool = env.bool("WEBHOOK_ALLOW_HTTP", default=False)
#: How long one delivery may take, how long it is tried again, how long a webhook may fail until it is switched off.
WEBHOOK_TIMEOUT_SECONDS: int = env.int("WEBHOOK_TIMEOUT_SECONDS", default=10, least=1)
WEBHOOK_RETRY_HOURS: int = env.int("WEBHOOK_RETRY_HOURS", default=24, most=MOST_HOURS)
WEBHOOK_DISABLE_HOURS: int = env.int("WEBHOOK_DISABLE_HOURS", default=72, most=MOST_HOURS)
#: How long deliveries are kept, in days.
WEBHOOK_DELIVERY_DAYS: int = env.int("WEBHOOK_DELIVERY_DAYS", default=7, least=1, most=MOST_DAYS)

#: Who makes the first pictures of people (apps/profiles/avatars.py); nobody if empty.
AVATARS: str = env.str("AVATARS", default="apps.profiles.avatars.DrawnAvatars")
AVATAR_URL: str = env.str("AVATAR_URL", default="https://gravatar.com/avatar")

#: Who knows where places are (apps/items/geocoding.py), its address and key, and how often one member may ask.
GEOCODER: str = env.str("GEOCODER", default="apps.items.geocoding.NoPlaces")
GEOCODER_URL: str = env.str("GEOCODER_URL", default="https://nominatim.openstreetmap.org/search")
GEOCODER_KEY: str = env.str("GEOCODER_KEY", default="")
GEOCODER_LOOKUPS_PER_MINUTE: int = env.int("GEOCODER_LOOKUPS_PER_MINUTE", default=10)

# --- REST framework --------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.profiles.authentication.ViewerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["apps.core.parsing.BodyParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "apps.core.openapi.OperationSchema",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Microcosm API",
    "DESCRIPTION": "Community forums as an API: sites, microcosms, conversations, comments, people and permissions.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Time, language, files, log --------------------------------------------------------------

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en-gb"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "microcosm" / "static"]
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "media"))

SECURE_CONTENT_TYPE_NOSNIFF = True
#: Where the admin's forms may come from: behind TLS Django compares the Origin with this.
CSRF_TRUSTED_ORIGINS = [f"{PLATFORM_SCHEME}://{PLATFORM_DOMAIN}" + (f":{PLATFORM_PORT}" if PLATFORM_PORT else "")]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PLATFORM_SCHEME == "https"

LOG_LEVEL: str = env.choice("LOG_LEVEL", default="INFO", options=LOG_LEVELS)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "apps.core.logs.RequestIdFilter"}},
    "formatters": {"json": {"()": "apps.core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["request_id"]}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # Says at every start that it has found our tasks.
    "loggers": {"procrastinate.blueprints": {"level": "WARNING"}},
}


def require_secrets() -> None:
    """Stop start-up with one clear line when a secret of production is missing."""
    if not SECRET_KEY:
        raise ImproperlyConfigured("SECRET_KEY is not set")
    if len(SECRET_KEY) < 32:
        raise ImproperlyConfigured("SECRET_KEY is shorter than 32 characters")


if env.str("DJANGO_SETTINGS_MODULE", default="") == __name__:
    require_secrets()
