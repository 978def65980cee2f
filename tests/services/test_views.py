"""Storing and adding up views under many hands (R2): none is lost or counted twice, unless a process is killed."""

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from django.db import DatabaseError, connection
from psycopg.conninfo import make_conninfo

from apps.core.tallies import Counts, Tally
from apps.items.models import Item, PendingView
from apps.items.tasks import fold_stored_views
from apps.items.viewing import fold_views, store_views
from tests.content import place_in, start
from tests.factories import Forum
from tests.services.test_items_concurrency import at_once

#: Until something that happens in another thread has happened.
PATIENCE = 30.0


def pending() -> int:
    """How many views are stored and not added up."""
    return sum(PendingView.objects.values_list("view_count", flat=True))


@pytest.mark.django_db
def test_views_are_added_in_batches_and_those_of_nothing_forgotten(
    forum: Forum, other_forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.items.viewing.FOLD_BATCH", 2)
    monkeypatch.setattr("apps.items.tasks.FOLD_BATCH", 2)
    items = [start(forum.owner, place_in(forum)) for _ in range(3)]
    Item.objects.filter(id=items[2].id).update(view_count=2_147_483_640)
    store_views({(forum.site.id, items[0].id): 3, (forum.site.id, 999_999_999): 5})
    store_views({(forum.site.id, items[0].id): 4, (other_forum.site.id, items[1].id): 7})
    store_views({(forum.site.id, items[2].id): 100})
    assert fold_stored_views() == {"views": 119}
    assert [Item.objects.get(id=item.id).view_count for item in items] == [7, 0, 2_147_483_647]
    assert fold_stored_views() == {"views": 0}


@pytest.mark.django_db(transaction=True)
def test_R2_views_of_many_threads_and_folds_at_once_are_all_counted(forum: Forum) -> None:
    items = [start(forum.owner, place_in(forum)) for _ in range(3)]
    workers = [Tally("views", store_views) for _ in range(4)]

    def look(number: int) -> None:
        for step in range(25):
            workers[number % 4].note(site_id=forum.site.id, id=items[(number + step) % 3].id)
        workers[number % 4].store()
        fold_views()

    at_once(*[lambda number=number: look(number) for number in range(40)])
    for worker in workers:
        worker.store()
    fold_stored_views()
    assert sum(Item.objects.values_list("view_count", flat=True)) == 40 * 25
    assert not PendingView.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_tally_stores_itself_in_time(forum: Forum, settings: Any) -> None:
    settings.TALLY_STORE_SECONDS = 0.02
    tally = Tally("views", store_views)
    for expected in (2, 4):
        tally.note(site_id=forum.site.id, id=1)
        tally.note(site_id=forum.site.id, id=1)
        deadline = time.monotonic() + PATIENCE
        while pending() < expected and time.monotonic() < deadline:
            time.sleep(0.01)
        assert pending() == expected


@pytest.mark.django_db
def test_what_the_database_refuses_is_kept(forum: Forum) -> None:
    is_down = True

    def store(counts: Counts) -> None:
        if is_down:
            raise DatabaseError
        store_views(counts)

    tally = Tally("views", store)
    tally.note(site_id=forum.site.id, id=1)
    with pytest.raises(DatabaseError):
        tally.store()
    tally.note(site_id=forum.site.id, id=1)
    is_down = False
    tally.store()
    assert pending() == 2
    tally.store()
    assert pending() == 2


#: A server's parent process and its worker, as granian has them; the worker ends as after a stop.
WORKER = """
import multiprocessing, sys, django
django.setup()
from apps.items.viewing import views

def serve():
    for _ in range(50):
        views.note(site_id=int(sys.argv[1]), id=int(sys.argv[2]))

worker = multiprocessing.get_context("fork").Process(target=serve)
worker.start()
worker.join()
sys.exit(worker.exitcode)
"""


@pytest.mark.django_db(transaction=True)
def test_worker_processes_store_their_last_views_when_they_stop(forum: Forum) -> None:
    item = start(forum.owner, place_in(forum))
    database = connection.settings_dict
    address = {"dbname": database["NAME"], "user": database["USER"], "password": database["PASSWORD"]}
    address |= {"host": database["HOST"], "port": database["PORT"]}
    environment = os.environ | {
        "DATABASE_URL": make_conninfo(**{key: value for key, value in address.items() if value}),
        "DJANGO_SETTINGS_MODULE": "microcosm.settings.dev",
        "TALLY_STORE_SECONDS": "3600",
    }
    command = [sys.executable, "-c", WORKER, str(forum.site.id), str(item.id)]
    servers = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [server.wait(timeout=PATIENCE) for server in servers] == [0, 0]
    assert sorted(PendingView.objects.values_list("item_id", "view_count")) == [(item.id, 50), (item.id, 50)]
