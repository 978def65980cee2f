"""Jobs of sites."""

from apps.jobs.registry import PATIENT_ATTEMPTS, Report, task
from apps.sites import statistics
from apps.sites.mail import mail_founded

MAIL_FOUNDED = "sites.mail_founded"


@task("sites.count_people")
def count_people() -> Report:
    """Count the people of all sites."""
    return {"sites_changed": statistics.on_all_sites(statistics.count_people)}


@task("sites.count_people_online")
def count_people_online() -> Report:
    """Count who is here, on all sites."""
    return {"sites_changed": statistics.on_all_sites(statistics.count_people_online)}


@task("sites.record_metrics")
def record_metrics() -> None:
    """Write the metrics of this day."""
    statistics.record_metrics()


@task(MAIL_FOUNDED, attempts=PATIENT_ATTEMPTS)
def tell_of_founding(*, site_id: int) -> None:
    """Mail the operators that a site was founded."""
    mail_founded(site_id=site_id)
