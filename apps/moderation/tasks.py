"""Jobs of moderation."""

from apps.jobs.registry import task
from apps.moderation.services import forget_acts


@task("moderation.forget_acts", limit_seconds=1800)
def forget() -> str:
    """Delete acts that are older than the settings keep them."""
    return f"{forget_acts()} acts forgotten"
