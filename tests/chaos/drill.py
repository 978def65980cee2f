"""One drill: a platform of its own, readers, writers and a killer; what they saw is held against the model."""

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.chaos.checks import Judge
from tests.chaos.cluster import VICTIMS, Cluster
from tests.chaos.mirror import mirror_of
from tests.chaos.model import Model, Topic
from tests.chaos.readers import Drill, FeedReader, Habits, Reader, SocketReader, StreamReader
from tests.chaos.recorder import Recorder
from tests.chaos.scene import Person, Scene, read_scene
from tests.chaos.writers import World, Writer

#: Problems of one reader that are shown; the rest would say the same.
SHOWN = 5
#: How long readers may take for what is left once everything is written and nothing is killed any more.
CATCH_UP_SECONDS = 180.0
#: What servers may log while the database goes and comes: it names the connection.
_EXPECTED = ("OperationalError", "InterfaceError", "AdminShutdown", "CannotConnectNow", "CrashShutdown")
_NEVER = ("deadlock detected", "statement timeout", "lock timeout")


@dataclass(frozen=True)
class Size:
    """How large a drill is."""

    sockets: int
    feeds: int
    streams: int
    writers: int
    changes: int
    kills: int
    members: int
    tokens: int


SMALL = Size(sockets=24, feeds=6, streams=3, writers=8, changes=600, kills=8, members=12, tokens=4)
FULL = Size(sockets=200, feeds=16, streams=8, writers=8, changes=20_000, kills=150, members=40, tokens=12)


@dataclass
class Outcome:
    """What a drill has shown."""

    seed: int
    size: Size
    problems: list[str]
    numbers: dict[str, Any]
    judge: Judge
    world: World
    readers: list[Reader] = field(default_factory=list)


def run_drill(size: Size, *, seed: int, folder: Path) -> Outcome:
    """Everything from an empty folder to the verdict."""
    cluster = Cluster(folder, random.Random(f"{seed} cluster"))
    try:
        cluster.start_database()
        scene = read_scene(cluster.run("tests.chaos.scene", "set", str(size.members), str(size.tokens)))
        cluster.start_servers()
        return asyncio.run(_run(size, seed, cluster, scene))
    finally:
        cluster.stop()


async def _run(size: Size, seed: int, cluster: Cluster, scene: Scene) -> Outcome:
    recorder = Recorder(cluster.database_url, scene.site_id)
    await recorder.start()
    end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    drill = Drill(scene, recorder, cluster.ports["http"], cluster.ports["live"], end)
    world = World(drill, seed)
    readers = make_readers(size, seed, drill)
    started_at = time.monotonic()
    async with _in_background(recorder.run()), asyncio.TaskGroup() as reading:
        tasks = {reader: reading.create_task(reader.run()) for reader in readers}
        writers = [Writer(world, number) for number in range(size.writers)]
        killing = asyncio.create_task(_kill_now_and_then(size, seed, cluster, recorder))
        await _write(writers, until=lambda: len(recorder.changes) >= size.changes * 0.95 and killing.done())
        killing.result()
        await writers[0].make_peace()
        await _write(writers, until=lambda: len(recorder.changes) >= size.changes)
        drained = await _until_jobs_are_done(cluster)
        await writers[0].say_the_end()
        await _until_seen(recorder, time.monotonic())
        end.set_result(recorder.head)
        caught_up = asyncio.get_running_loop().call_later(CATCH_UP_SECONDS, _give_up, tasks)
        for writer in writers:
            await writer.client.aclose()
    caught_up.cancel()
    ran_for = time.monotonic() - started_at
    model = Model(scene, recorder.changes, await _history(cluster))
    judge = Judge(model, recorder)
    problems = [*drill.problems, *drained, *await _problems(judge, world, readers, cluster)]
    numbers = _numbers(drill, world, readers, cluster, ran_for)
    return Outcome(seed, size, problems, numbers, judge, world, readers)


@asynccontextmanager
async def _in_background(work: Any) -> Any:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _write(writers: list[Writer], *, until: Any) -> None:
    async with asyncio.TaskGroup() as group:
        for writer in writers:
            group.create_task(writer.run(until=until))


def _give_up(tasks: Mapping[Reader, asyncio.Task[None]]) -> None:
    for reader, task in tasks.items():
        if not task.done():
            reader.problem("did not catch up")
            # It may wait for a frame that does not come.
            task.cancel()


async def _kill_now_and_then(size: Size, seed: int, cluster: Cluster, recorder: Recorder) -> None:
    """Kill each thing in turn and at random, each time some changes later: so that a slow machine gets as far."""
    rng = random.Random(f"{seed} killer")
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(size.kills)]
    rng.shuffle(victims)
    step = size.changes * 0.85 / max(1, len(victims))
    for number, victim in enumerate(victims, start=1):
        await recorder.reach(int(step * (number - rng.random())))
        await asyncio.to_thread(cluster.kill, victim)


async def _until_seen(recorder: Recorder, moment: float) -> None:
    while recorder.asked_at <= moment:
        await asyncio.sleep(0.02)


# --- Who reads ------------------------------------------------------------------------------------


def make_readers(size: Size, seed: int, drill: Drill) -> list[Reader]:
    """Guests, members of all groups, moderators and the owner on sockets, streams and the feed, with habits."""
    rng = random.Random(f"{seed} readers")
    scene = drill.scene
    people: list[Person | None] = [None, None, *scene.people.values()]
    crowd = [people[number % len(people)] for number in range(size.sockets)]
    readers: list[Reader] = []
    for number, person in enumerate(crowd):
        name = f"socket {number} of {person.name if person else 'a guest'}"
        topics = _topics(rng, scene, person)
        readers.append(
            SocketReader(
                drill, person, name=name, seed=f"{seed} {name}", topics=topics, habits=_habits(rng, size, number)
            )
        )
    for number in range(size.feeds):
        person = rng.choice(people)
        name = f"feed {number} of {person.name if person else 'a guest'}"
        kinds = ("comment", "access") if number == 1 else ()
        places = (scene.places["open"], scene.places["closed"]) if number == 2 else ()
        sleeps = (size.changes // 5, size.changes // 2) if number % 3 == 0 else (0, 0)
        readers.append(
            FeedReader(
                drill, person, name=name, seed=f"{seed} {name}", kinds=kinds, microcosm_ids=places, sleeps=sleeps
            )
        )
    for number in range(size.streams):
        person = rng.choice(people)
        name = f"stream {number} of {person.name if person else 'a guest'}"
        streamed: list[Topic] = [("site", 0)] + ([("inbox", 0)] if person else [])
        readers.append(StreamReader(drill, person, name=name, seed=f"{seed} {name}", topics=streamed))
    return readers


def _topics(rng: random.Random, scene: Scene, person: Person | None) -> list[Topic]:
    items: list[Topic] = [({6: "conversation", 7: "poll", 9: "event"}[kind], id) for id, kind, _p, _a in scene.items]
    places: list[Topic] = [("microcosm", id) for id in scene.places.values()]
    chosen: list[Topic] = [("site", 0)] if rng.random() < 0.4 else []
    chosen += rng.sample(places, rng.randint(1, 3)) + rng.sample(items, rng.randint(1, 4))
    if person:
        chosen += [("inbox", 0)] if rng.random() < 0.5 else []
        chosen += [("huddle", rng.choice(scene.huddles))]
    if rng.random() < 0.3:
        chosen.append(("presence", rng.choice(items)[1]))
    return chosen


def _habits(rng: random.Random, size: Size, number: int) -> Habits:
    kind = number % 5
    if kind == 1:
        return Habits(frames_until_gone=(10, 200), signs_in_late=True)
    if kind == 2:
        # Longer than a replay reaches back, in the full drill.
        return Habits(sleeps_after=size.changes // 10, sleeps_until=int(size.changes * rng.uniform(0.2, 0.75)))
    if kind == 3 and rng.random() < 0.5:
        return Habits(is_slow=True)
    return Habits()


# --- What it comes to -----------------------------------------------------------------------------


async def _until_jobs_are_done(cluster: Cluster) -> list[str]:
    """What the worker has not done in time, or given up."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while True:
        async with await psycopg.AsyncConnection.connect(cluster.database_url) as connection:
            cursor = await connection.execute(
                "SELECT task_name, status::text, count(*) FROM procrastinate_jobs"
                " WHERE status IN ('todo', 'doing', 'failed') AND coalesce(scheduled_at, now()) <= now()"
                " GROUP BY 1, 2"
            )
            left = await cursor.fetchall()
        failed = [f"jobs: {row}" for row in left if row[1] == "failed"]
        if len(failed) == len(left):
            return failed
        if time.monotonic() > deadline:
            return [f"jobs: {row}" for row in left]
        await asyncio.sleep(0.2)


async def _history(cluster: Cluster) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(cluster.database_url) as connection:
        cursor = await connection.execute("SELECT xid, kind, is_there, row FROM chaos_history ORDER BY seq")
        return await cursor.fetchall()


async def _problems(judge: Judge, world: World, readers: list[Reader], cluster: Cluster) -> list[str]:
    problems = [f"changed and not told to anybody: {kind} {row}" for kind, row in judge.model.silent[:SHOWN]]
    for reader in readers:
        found = [f"{reader.name}: {problem}" for problem in judge.problems_of(reader)]
        mirror = None if reader.is_shut_out else mirror_of(judge, reader)
        if mirror is not None:
            found += [f"{reader.name}: the copy differs: {difference}" for difference in mirror.differences()]
        if reader.is_shut_out and not _is_out(judge, reader):
            found.append(f"{reader.name}: was not let in any more")
        problems += found[:SHOWN]
    problems += list(judge.broken_promises(world))[:SHOWN]
    problems += await asyncio.to_thread(_differing_verdicts, judge, cluster)
    problems += await _differing_pages(judge, world)
    problems += [f"counted again: {line}" for line in cluster.run("tests.chaos.scene", "recount").splitlines()]
    problems += list(_unexpected_in(cluster.logs()))
    return problems


def _is_out(judge: Judge, reader: Reader) -> bool:
    assert reader.person
    return all(token_id in judge.ends for token_id, _token in reader.person.tokens[1:])


def _differing_verdicts(judge: Judge, cluster: Cluster) -> list[str]:
    """Where the model and `fn.change_audience` do not agree on who may know what now."""
    model, found = judge.model, []
    profile_ids = sorted([0, *model.users])
    with psycopg.connect(cluster.database_url) as connection:
        for first in range(0, len(model.changes), 500):
            positions = judge.recorder.positions[first : first + 500]
            said: dict[tuple[int, int], str] = {}
            rows = connection.execute(
                "SELECT position, verdict, profile_ids FROM fn.change_audience(%s, %s, %s)",
                [model.scene.site_id, positions, profile_ids],
            )
            for position, verdict, ids in rows:
                said.update({(position, profile_id): verdict for profile_id in ids})
            for index in range(first, first + len(positions)):
                for profile_id in profile_ids:
                    ours = model.verdict(index, profile_id, model.last_state)
                    theirs = said.get((positions[index - first], profile_id))
                    if ours != theirs:
                        found.append(f"{model.changes[index]}: {profile_id} {theirs} in SQL, {ours} in the model")
    return found[:SHOWN]


async def _differing_pages(judge: Judge, world: World) -> list[str]:
    """Where the routes show somebody other things than the model: a walk through all places, as some viewers."""
    found = []
    model, scene = judge.model, world.drill.scene
    viewers = [None, scene.people["owner"], scene.people["open moderator"], *scene.members[:4]]
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{world.drill.http_port}/api/v1/", headers={"Host": scene.host}, trust_env=False
    ) as client:
        for person in viewers:
            profile_id = person.profile_id if person else 0
            token = {"Authorization": f"Bearer {person.tokens[0][1]}"} if person else {}
            shown = await _walk(client, token)
            items = {
                item_id
                for item_id in model.things["items_item"].states
                if model.is_shown_item(profile_id, item_id, model.last_state)
                and not _is_hidden(model, item_id)
                and _is_within_reach(model, profile_id, item_id)
            }
            comments = {
                comment_id
                for item_id in items
                for comment_id in model.comments_of(item_id)
                if model.is_shown_comment(profile_id, comment_id, model.last_state)
                and not (model.comment(comment_id, model.last_state) or {})["is_moderated"]
            }
            if shown != (items, comments):
                odd = [sorted(shown[0] ^ items)[:SHOWN], sorted(shown[1] ^ comments)[:SHOWN]]
                found.append(f"the pages of {profile_id} differ from the model: {odd}")
    return found


def _is_hidden(model: Model, item_id: int) -> bool:
    item = model.item(item_id, model.last_state)
    return item is None or item["is_moderated"] or item["is_deleted"]


def _is_within_reach(model: Model, profile_id: int, item_id: int) -> bool:
    item = model.item(item_id, model.last_state)
    assert item
    return item["microcosm_id"] is None or model.is_shown_place(profile_id, item["microcosm_id"], model.last_state)


async def _walk(client: httpx.AsyncClient, token: dict[str, str]) -> tuple[set[int], set[int]]:
    """The ids of all items and comments that the pages show to somebody."""
    items: set[int] = set()
    comments: set[int] = set()
    tree = (await _get(client, "microcosms/tree", token)) or []
    paths = [f"microcosms/{id}" for id in _ids_of(tree)] + (["huddles"] if token else [])
    for path in paths:
        async for entry in _entries(client, path, token):
            word, id = entry
            if word != "microcosm":
                items.add(id)
                async for _word, comment_id in _entries(client, f"{word}s/{id}", token):
                    comments.add(comment_id)
    return items, comments


def _ids_of(tree: Any) -> Iterator[int]:
    for node in tree:
        yield node["id"]
        yield from _ids_of(node.get("children") or [])


async def _entries(client: httpx.AsyncClient, path: str, token: dict[str, str]) -> Any:
    offset = 0
    while True:
        data = await _get(client, f"{path}?limit=250&offset={offset}", token)
        kind = path.split("/")[0]
        collection = (
            data["items"] if kind == "microcosms" else data["huddles"] if path == "huddles" else data["comments"]
        )
        for entry in collection["items"] or []:
            if kind == "microcosms":
                yield entry["itemType"], entry["item"]["id"]
            else:
                yield ("huddle" if path == "huddles" else "comment"), entry["id"]
        offset += 250
        if offset >= collection["total"]:
            return


async def _get(client: httpx.AsyncClient, path: str, token: dict[str, str]) -> Any:
    answer = await client.get(path, headers=token, timeout=60)
    answer.raise_for_status()
    return answer.json()["data"]


def _unexpected_in(logs: dict[str, str]) -> Iterator[str]:
    """Errors in the logs of the servers that are not about a database that went away."""
    yield from re.findall(
        r"ERROR:  deadlock detected\n(?:.*(?:DETAIL|CONTEXT|STATEMENT).*\n(?:\t.*\n)*)*", logs["database"]
    )
    for name, text in logs.items():
        found: Counter[str] = Counter()
        for line in text.splitlines():
            if not line.startswith("{"):
                continue
            entry = json.loads(line)
            trace = entry.get("traceback", "")
            if entry["logger"] == "django.request" and not trace:
                # The view has said more.
                continue
            words = trace.strip().splitlines()[-1] if trace else entry["message"]
            is_expected = any(word in trace or word in entry["message"] for word in _EXPECTED) or "connect" in words
            if any(word in trace for word in _NEVER) or (entry["level"] == "ERROR" and not is_expected):
                found[f"{entry['message']}: {words}"[:300]] += 1
        for words, count in found.most_common(SHOWN):
            yield f"log of {name}, {count} times: {words}"


def _numbers(drill: Drill, world: World, readers: list[Reader], cluster: Cluster, seconds: float) -> dict[str, Any]:
    sockets = [reader for reader in readers if isinstance(reader, SocketReader)]
    chains = [chain for reader in sockets for chain in reader.chains.values()]
    chains += [reader.chain for reader in readers if isinstance(reader, StreamReader)]
    return {
        "seconds": round(seconds),
        "changes": len(drill.recorder.changes),
        "killed": dict(cluster.killed),
        "ended by themselves": dict(cluster.ended),
        "frames": sum(reader.frame_count for reader in sockets),
        "changes told": sum(len(segment.told) for chain in chains for segment in chain.segments),
        "connections": sum(len(reader.connections) for reader in sockets),
        "gaps": sum(segment.is_gap for chain in chains for segment in chain.segments),
        "closing codes": dict(Counter(code for reader in sockets for code in reader.codes)),
        "answers of the feed": sum(len(reader.pages) for reader in readers if isinstance(reader, FeedReader)),
        "promises": len(world.promises),
        "answers": dict(world.answers),
        "kinds": dict(Counter(change.kind for change in drill.recorder.changes)),
    }
