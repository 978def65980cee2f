"""The table of queued jobs, which Django does not empty after a test that commits."""

from django.db import connection


def empty_queue() -> None:
    """Forget every job."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
