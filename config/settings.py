"""Django's settings, all taken from the variables that `config.env` declares."""

from __future__ import annotations

from pathlib import Path

import dj_database_url
import dj_email_url
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.local.state import running_instance
from config.secrets import ensure_secret, likeness_keks, local_seed
from perception.faces import default_pack

BASE_DIR = Path(__file__).resolve().parent.parent
env.load_dotenv(BASE_DIR)

# --- the instance
STATE_DIR = (BASE_DIR / env.read("VIGNETTE_STATE")).resolve()  # the same from every folder
KEYS_DIR = STATE_DIR / "keys"
INSTANCE = running_instance(STATE_DIR)  # None: nothing embedded runs there
INSTANCE_NAME = env.read("INSTANCE_NAME")
PUBLIC_URL = env.read("PUBLIC_URL").rstrip("/")
PRODUCTION = env.read("PRODUCTION")
DEBUG = env.read("DEBUG")
SECRET_KEY = env.read("SECRET_KEY") or ensure_secret(KEYS_DIR / "secret_key")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS")
TRUSTED_PROXIES = env.read("TRUSTED_PROXIES")
VERSION = "0.1.0"

INSTALLED_APPS = [
    "config",
    "core",
    "accounts",
    "notifications",
    "credits",
    "cameos",
    "feed",
    "remix",
    "moderation",
    "generation",
    "ops",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
]

MIDDLEWARE = [
    "core.middleware.TraceMiddleware",
    "core.middleware.ProblemMiddleware",
    "core.middleware.ReadOnlyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- data
DATABASE_URL = env.read("DATABASE_URL") or (INSTANCE.database_url if INSTANCE else "")
REDIS_URL = env.read("REDIS_URL") or (INSTANCE.redis_url if INSTANCE else "unix:///nothing-runs")
DATABASES = {
    "default": {
        **dj_database_url.parse(DATABASE_URL or "postgresql://%2Fnothing-runs/vignette"),
        # One lasting connection a thread, and no pool: after a restart of PostgreSQL the next
        # request connects at once, where psycopg's pool backs off (1 s against 10 s, measured).
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": "-c statement_timeout=15000 -c lock_timeout=8000",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "vignette",
    }
}

# --- media
MEDIA_ROOT = env.read("MEDIA_ROOT") or str(STATE_DIR / "media")
MEDIA_ACCEL_PREFIX = env.read("MEDIA_ACCEL_PREFIX")
MEDIA_URL_SECONDS = env.read("MEDIA_URL_SECONDS")
_LOCAL_MEDIA = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
_S3_MEDIA = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": env.read("S3_BUCKET"),
        "endpoint_url": env.read("S3_ENDPOINT_URL") or None,
        "region_name": env.read("S3_REGION") or None,
        "access_key": env.read("S3_ACCESS_KEY") or None,
        "secret_key": env.read("S3_SECRET_KEY") or None,
        "querystring_expire": MEDIA_URL_SECONDS,
        "signature_version": "s3v4",  # boto3 still presigns by version 2 unless told
        "file_overwrite": True,
    },
}
STORAGES = {
    "default": _S3_MEDIA if env.read("S3_BUCKET") else _LOCAL_MEDIA,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = str(STATE_DIR / "static")
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # WhiteNoise warns when it is not there
STATICFILES_DIRS = [("client", str(BASE_DIR / "client"))]
WHITENOISE_USE_FINDERS = True  # no collectstatic step between a checkout and a running page

# --- who
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.InvitedSignupForm"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_USERNAME_BLACKLIST = ["admin", "administrator", "everyone", "moderator", "operator", "root"]
ACCOUNT_USERNAME_BLACKLIST += ["security", "staff", "support", "system", "vignette"]
# Paths beside /api/v1/cameos/{handle}; who had such a name before is reached as "@search".
ACCOUNT_USERNAME_BLACKLIST += ["consent", "enrolments", "restrictions", "search"]
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if env.read("EMAIL_VERIFICATION") else "none"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = env.read("EMAIL_VERIFICATION")
ACCOUNT_PREVENT_ENUMERATION = False  # sign-up says that a name is taken; codes keep strangers out
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "accounts.tokens.TokenStrategy"  # noqa: S105 - a class
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_ACCESS_TOKEN_EXPIRES_IN = 600
HEADLESS_JWT_REFRESH_TOKEN_EXPIRES_IN = 30 * 86_400
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
SESSION_COOKIE_AGE = 30 * 86_400
MINIMUM_AGE_YEARS = env.read("MINIMUM_AGE_YEARS")
INVITES_PER_USER = env.read("INVITES_PER_USER")
EMAIL_FROM = env.read("EMAIL_FROM")
DEFAULT_FROM_EMAIL = EMAIL_FROM
_mail = dj_email_url.parse(env.read("EMAIL_URL") or f"file://{STATE_DIR / 'mail'}")
if "EMAIL_BACKEND" not in _mail:
    raise ImproperlyConfigured("EMAIL_URL: use submission:// (STARTTLS), smtp:// or file://.")
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = str(STATE_DIR / "mail")

# --- the API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.IsInGoodStanding"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.JsonParser"],
    "DEFAULT_THROTTLE_CLASSES": ["core.throttles.RouteThrottle"],
    "DEFAULT_SCHEMA_CLASS": "core.schema.ApiSchema",
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
RATE_LIMITS = env.read("RATE_LIMITS")
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = (
    {} if RATE_LIMITS else False
)  # {}: allauth's own limits
SPECTACULAR_SETTINGS = {
    "TITLE": "Vignette",
    "DESCRIPTION": "The client contract of an AI-native short-video backend.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "InviteState": "accounts.serializers.INVITE_STATES",
        "GuardianshipState": "accounts.models.GuardianshipState",
        "LikenessStanding": "accounts.serializers.LIKENESS_STANDINGS",
        "ClipState": "feed.schema.SHOWN_STATES",
        "GenerationState": "generation.models.STATES",
        "ManifestState": ["trusted", "valid_untrusted", "invalid", "absent"],
        "EdgeKind": "remix.models.EdgeKind",
        "EnrolmentKind": "cameos.serializers.enrolments.ENROLMENT_KINDS",
        "EnrolmentState": "cameos.serializers.enrolments.ENROLMENT_STATES",
        "ConsentPurpose": "cameos.serializers.enrolments.PURPOSE_NAMES",
        "RequestedRemixKind": ["remix"],
        "ReportSubjectKind": ["clip"],
        "ReasonEnum": "moderation.models.ReportReason",
        "CameoKind": "cameos.models.CameoKind",
        "CameoState": "cameos.models.CameoState",
        "CameoReason": "cameos.policy.permission.REASONS",
        "CosignState": "cameos.models.CosignState",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.schema.add_problems",
    ],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # JSON bodies; uploads stream and have their own caps

# --- generation
ENGINES = env.read("ENGINES") or (
    {"scene": {"url": INSTANCE.engine_url}} if INSTANCE and INSTANCE.engine_url else {}
)
ENGINE_DEFAULT = env.read("ENGINE_DEFAULT")
PROMPT_CHARACTERS_MAX = 2_000
GENERATION_SECONDS_MAX = env.read("GENERATION_SECONDS_MAX")
UPLOAD_DAYS = env.read("UPLOAD_DAYS")
WORK_DIR = STATE_DIR / "work"  # raw renders between the engine and the signed files
C2PA_CERT_CHAIN = env.read("C2PA_CERT_CHAIN")
C2PA_PRIVATE_KEY = env.read("C2PA_PRIVATE_KEY")
C2PA_TRUST_ANCHORS = env.read("C2PA_TRUST_ANCHORS")
WATERMARK_KEY = env.read("WATERMARK_KEY")

# --- faces
FACE_PACK = (BASE_DIR / (env.read("FACE_PACK") or default_pack())).resolve()
FACE_PACK_ALLOW_UNCLEAR = env.read("FACE_PACK_ALLOW_UNCLEAR")

# --- likenesses
LIKENESS_KEKS = likeness_keks(env.read("LIKENESS_KEKS"), KEYS_DIR / "likeness_kek")
COSIGN_HOURS = env.read("COSIGN_HOURS")
RECEIPT_KEY = env.read("RECEIPT_KEY")
RECEIPT_SEED = local_seed(KEYS_DIR / "receipt_seed", is_needed=not RECEIPT_KEY)

# --- purchases: each is off while none of its variables has a value
STRIPE_WEBHOOK_SECRET = env.read("STRIPE_WEBHOOK_SECRET")
STOREKIT_BUNDLE_ID = env.read("STOREKIT_BUNDLE_ID")
STOREKIT_APP_APPLE_ID = env.read("STOREKIT_APP_APPLE_ID")
STOREKIT_ROOT_CERTS = env.read("STOREKIT_ROOT_CERTS")
STOREKIT_ENVIRONMENT = env.read("STOREKIT_ENVIRONMENT")
PLAY_PACKAGE_NAME = env.read("PLAY_PACKAGE_NAME")
PLAY_LICENCE_KEY = env.read("PLAY_LICENCE_KEY")
PLAY_PUSH_AUDIENCE = env.read("PLAY_PUSH_AUDIENCE")
PLAY_PUSH_EMAIL = env.read("PLAY_PUSH_EMAIL")
PLAY_JWKS = env.read("PLAY_JWKS")

# --- credits
PLANS_FILE = env.read("PLANS_FILE")
PRICES_FILE = env.read("PRICES_FILE")
BUDGET_DAILY = env.read("BUDGET_DAILY")
BUDGET_MONTHLY = env.read("BUDGET_MONTHLY")
REFERRAL_CREDITS = env.read("REFERRAL_CREDITS")
REFERRALS_REWARDED_MAX = env.read("REFERRALS_REWARDED_MAX")

# --- webhooks
WEBHOOKS_TO_PRIVATE_ADDRESSES = env.read("WEBHOOKS_TO_PRIVATE_ADDRESSES")

# --- operations
METRICS_TOKEN = env.read("METRICS_TOKEN")

# --- the queue: a message is only a wake-up, so losing or doubling one is harmless
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace(
    "?db=", "?virtual_host="
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_throttle": 1,
    "socket_keepalive": True,
    # A request that queues a job does not wait for a dead broker: the sweep calls again.
    "max_retries": 1,
    "interval_start": 0,
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- transport security
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # probes speak plain HTTP inside
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logging.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.read("LOG_LEVEL")},
    "loggers": {"httpx": {"level": "WARNING"}},  # a line for every look at an engine
}
