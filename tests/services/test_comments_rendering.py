"""Stored HTML and the renderer that made it."""

import io

import pytest
from django.core.management import call_command
from django.db import connection

from apps.comments.models import Mention, Revision
from apps.comments.services import RERENDER_BATCH, edit_comment, rerender_batch
from apps.comments.tasks import RERENDER, rerender
from apps.text.rendering import RENDERER_VERSION
from tests.content import place_in, say, start
from tests.factories import Forum

pytestmark = pytest.mark.django_db


def test_every_revision_keeps_source_html_and_version(forum: Forum) -> None:
    comment = say(forum.owner, start(forum.owner, place_in(forum)), "*One*")
    edit_comment(site_id=forum.site.id, actor_id=forum.owner.id, comment_id=comment.id, markdown="*Two*")
    rows = Revision.objects.order_by("number").values_list("number", "markdown", "html", "renderer_version")
    assert list(rows) == [
        (1, "*One*", "<p><em>One</em></p>\n", RENDERER_VERSION),
        (2, "*Two*", "<p><em>Two</em></p>\n", RENDERER_VERSION),
    ]


def test_a_batch_renders_what_is_outdated_and_nothing_else(forum: Forum) -> None:
    anna = forum.member("anna")
    item = start(forum.owner, place_in(forum))
    old, new = say(forum.owner, item, "**Old** @anna"), say(forum.owner, item, "**New**")
    Mention.objects.all().delete()
    Revision.objects.filter(comment=old).update(html="stale", renderer_version=0)
    Revision.objects.filter(comment=new).update(html="untouched")
    assert rerender_batch() == 1
    assert rerender_batch() == 0
    html = Revision.objects.get(comment=old).html
    assert html == f'<p><strong>Old</strong> <a href="/profiles/{anna.id}">@anna</a></p>\n'
    assert Revision.objects.get(comment=new).html == "untouched"
    assert not Mention.objects.exists()


def queued() -> int:
    """How many jobs wait to render."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'", [RERENDER])
        return int(cursor.fetchone()[0])


def test_the_job_queues_itself_while_a_batch_is_full(forum: Forum) -> None:
    comment = say(forum.owner, start(forum.owner, place_in(forum)))
    Revision.objects.bulk_create(
        Revision(
            comment=comment,
            number=number,
            markdown=f"Text {number}",
            html="stale",
            renderer_version=0,
            created_by=forum.owner.profile,
        )
        for number in range(2, RERENDER_BATCH + 12)
    )
    rerender()
    assert queued() == 1
    rerender()
    assert queued() == 1
    assert not Revision.objects.filter(html="stale").exists()


def test_the_command_renders_everything_or_queues_the_job(forum: Forum) -> None:
    say(forum.owner, start(forum.owner, place_in(forum)), "*One*")
    Revision.objects.update(html="stale", renderer_version=0)
    out = io.StringIO()
    call_command("rerender", "--queue", stdout=out)
    assert queued() == 1
    assert Revision.objects.get().html == "stale"
    call_command("rerender", stdout=out)
    assert Revision.objects.get().html == "<p><em>One</em></p>\n"
    assert out.getvalue().splitlines() == ["queued", "1 rendered", "done, 1 in all"]
