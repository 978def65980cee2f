"""Jobs of webhooks (docs/decisions/0058)."""

from apps.jobs.registry import PATIENT_ATTEMPTS, Priority, Report, task
from apps.webhooks import mail, planning, sending, services

PLAN = planning.PLAN
SEND = planning.SEND


@task(PLAN)
def plan(site_id: int) -> None:
    """Make the deliveries of what has changed on a site, and have them sent."""
    planning.plan_deliveries(site_id=site_id)


@task(SEND, limit_seconds=300, priority=Priority.BULK)
def send(site_id: int, webhook_id: int) -> None:
    """Send what is due to one webhook."""
    sending.send_deliveries(site_id=site_id, webhook_id=webhook_id)


@task(services.MAIL_DISABLED, attempts=PATIENT_ATTEMPTS)
def tell_of_disabling(site_id: int, webhook_id: int, since: str) -> None:
    """Mail the owner of a webhook that nothing is sent to it any more; `since` names the occasion."""
    mail.mail_disabled(site_id=site_id, webhook_id=webhook_id, since=since)


@task("webhooks.sweep")
def sweep() -> Report:
    """Have everything sent that is due and that nobody has in hand, on all sites."""
    return {"queued": planning.queue_idle()}


@task("webhooks.prune", limit_seconds=3600)
def prune() -> Report:
    """Delete old deliveries, on all sites."""
    return {"deleted": services.prune_deliveries()}
