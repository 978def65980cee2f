"""Triggers that move the version of a site whenever something on it changes, whoever writes it (docs/decisions/0060).

Used by the migrations of each app for the tables whose rows answers are made from.
"""

from collections.abc import Iterable

#: The rows that a statement wrote, by what it did.
_ROWS = {
    "INSERT": {"added": "NEW TABLE AS added"},
    "UPDATE": {"gone": "OLD TABLE AS gone", "added": "NEW TABLE AS added"},
    "DELETE": {"gone": "OLD TABLE AS gone"},
}


def site_triggers(tables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What makes the triggers of (table, sites) pairs, and what removes them, for `migrations.RunSQL`.

    `sites` selects the ids of the sites that the rows in `{rows}` are about; null is no site.
    """
    return _made(tables, action="PERFORM core_touch_sites(ARRAY({ids}));", select="{ids}")


def member_triggers(tables: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The same for rows that concern members alone: `members` selects pairs of a site's and a profile's id.

    A statement about a single member moves that member's version; one about several, that of the site.
    """
    return _made(
        tables,
        action="PERFORM core_touch_members(ARRAY("
        "SELECT ROW(told.site_id, told.profile_id)::core_member FROM ({ids}) AS told));",
        select="SELECT about.site_id, about.profile_id FROM ({ids}) AS about",
    )


def _made(tables: Iterable[tuple[str, str]], *, action: str, select: str) -> list[tuple[str, str]]:
    made = []
    for table, ids in tables:
        for verb, rows in _ROWS.items():
            name = f"{table}_{verb.lower()}_touches"
            union = " UNION ".join(select.format(ids=ids.format(rows=part)) for part in rows)
            made.append(
                (
                    f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$"
                    f" BEGIN {action.format(ids=union)} RETURN NULL; END $$",
                    f"DROP FUNCTION {name}()",
                )
            )
            made.append(
                (
                    f"CREATE TRIGGER {name} AFTER {verb} ON {table} REFERENCING {' '.join(rows.values())}"
                    f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
                    f"DROP TRIGGER {name} ON {table}",
                )
            )
    return made
