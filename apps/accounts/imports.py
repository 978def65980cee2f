"""Bulk writes of imported history: users."""

from collections.abc import Mapping

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

from apps.accounts.models import User
from apps.core import clock


def import_users(emails: Mapping[str, str], *, can_sign_in: bool) -> dict[str, int]:
    """User ids by canonical address, the missing users made at once; `emails` are addresses by canonical address.

    Users who exist stay as they are. `can_sign_in` false makes placeholders for people whose address is unknown.
    """
    if not emails:
        return {}
    now = clock.now()
    # One order for all: two imports with the same addresses must not wait for each other.
    User.objects.bulk_create(
        [
            User(
                email=emails[canonical],
                canonical_email=canonical,
                created_at=now,
                password=UNUSABLE_PASSWORD_PREFIX,
                is_active=can_sign_in,
            )
            for canonical in sorted(emails)
        ],
        ignore_conflicts=True,
    )
    users = User.objects.filter(canonical_email__in=list(emails))
    return dict(users.values_list("canonical_email", "id"))
