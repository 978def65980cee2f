"""Who can sign in: users, client applications, access tokens."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from apps.core import clock


class UserManager(BaseUserManager["User"]):
    """Finds users for the admin site's sign-in; `services` makes them."""

    def get_by_natural_key(self, username: str | None) -> "User":
        from apps.accounts.emails import canonical_email

        return self.get(canonical_email=canonical_email(username or ""))

    def create_superuser(self, canonical_email: str, password: str | None = None, **fields: Any) -> "User":
        """`manage.py createsuperuser`: an operator of the platform."""
        from apps.accounts.services import create_operator

        return create_operator(email=canonical_email, password=password)


class User(AbstractBaseUser, PermissionsMixin):
    """A person on the platform: one e-mail address, any number of profiles."""

    #: As first given; mail goes there.
    email = models.EmailField(max_length=254)
    #: The identity (contract A 34.3).
    canonical_email = models.CharField(max_length=254, unique=True)
    email_confirmed_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=10, blank=True, default="")
    gender = models.CharField(max_length=16, blank=True, default="")
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_month = models.PositiveSmallIntegerField(null=True, blank=True)
    birth_day = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    is_active = models.BooleanField(default=True)
    #: Operators reach the admin site and the platform's metrics.
    is_staff = models.BooleanField(default=False)

    USERNAME_FIELD = "canonical_email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    def __str__(self) -> str:
        return self.email


class Client(models.Model):
    """An application that may exchange proofs for tokens."""

    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class AccessToken(models.Model):
    """A token as its SHA-256: 128 random characters need no slow hash."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    client = models.ForeignKey(Client, null=True, on_delete=models.CASCADE, related_name="access_tokens")
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token of {self.user_id}"


class EmailCode(models.Model):
    """A code sent to an address to prove that its owner reads it; `codes.code_of` makes it from the nonce."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="email_code")
    nonce = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"code of {self.user_id}"


class SignInAttempt(models.Model):
    """A try to sign in, counted for one address or one network address (`key` is a hash)."""

    key = models.CharField(max_length=64)
    attempted_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["key", "attempted_at"], name="accounts_attempt_key"),
            models.Index(fields=["attempted_at"], name="accounts_attempt_time"),
        ]

    def __str__(self) -> str:
        return f"attempt at {self.attempted_at}"
