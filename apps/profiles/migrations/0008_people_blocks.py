"""Where stretches of the people of large sites begin, by name, kept by triggers (docs/decisions/0066)."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

STATEMENTS = [
    (
        """
        CREATE FUNCTION profiles_peopleblock_size() RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT 500 $$
        """,
        "DROP FUNCTION profiles_peopleblock_size()",
    ),
    # A block that holds more than twice as many people as it should becomes several.
    (
        """
        CREATE FUNCTION profiles_peopleblock_divide(p_site_id bigint, p_first_name text) RETURNS void
        LANGUAGE plpgsql AS $$
        DECLARE
            size CONSTANT integer := profiles_peopleblock_size();
            next_name CONSTANT text := (
                SELECT min(following.first_name) FROM profiles_peopleblock AS following
                WHERE following.site_id = p_site_id AND following.first_name > p_first_name
            );
        BEGIN
            INSERT INTO profiles_peopleblock (site_id, first_name, people_count)
            SELECT p_site_id, CASE WHEN person.place = 1 THEN p_first_name ELSE person.name END,
                   least(size, person.total - person.place + 1)
            FROM (
                SELECT lower(profile.name) AS name, row_number() OVER (ORDER BY lower(profile.name)) AS place,
                       count(*) OVER () AS total
                FROM profiles_profile AS profile
                WHERE profile.site_id = p_site_id AND lower(profile.name) >= p_first_name
                  AND (next_name IS NULL OR lower(profile.name) < next_name)
            ) AS person
            WHERE (person.place - 1) % size = 0
            ON CONFLICT (site_id, first_name) DO UPDATE SET people_count = excluded.people_count;
        END $$
        """,
        "DROP FUNCTION profiles_peopleblock_divide(bigint, text)",
    ),
    (
        """
        CREATE FUNCTION profiles_peopleblock_add(p_site_id bigint, p_names text[], p_change integer) RETURNS void
        LANGUAGE plpgsql AS $$
        DECLARE
            block record;
        BEGIN
            FOR block IN
                UPDATE profiles_peopleblock AS known
                SET people_count = known.people_count + standing.people * p_change
                FROM (
                    SELECT holder.first_name, count(*) AS people
                    FROM unnest(p_names) AS given (name)
                    CROSS JOIN LATERAL (
                        SELECT candidate.first_name FROM profiles_peopleblock AS candidate
                        WHERE candidate.site_id = p_site_id AND candidate.first_name <= given.name
                        ORDER BY candidate.first_name DESC
                        LIMIT 1
                    ) AS holder
                    GROUP BY holder.first_name
                ) AS standing
                WHERE known.site_id = p_site_id AND known.first_name = standing.first_name
                RETURNING known.first_name, known.people_count
            LOOP
                IF block.people_count > 2 * profiles_peopleblock_size() THEN
                    PERFORM profiles_peopleblock_divide(p_site_id, block.first_name);
                END IF;
            END LOOP;
        END $$
        """,
        "DROP FUNCTION profiles_peopleblock_add(bigint, text[], integer)",
    ),
    # After the triggers that count people (their names come first), which hold the row of the site's count: whoever
    # changes who is on a site or how they are called does so alone.
    (
        """
        CREATE FUNCTION profiles_profile_stand_in_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            place record;
        BEGIN
            FOR place IN
                SELECT changed.site_id, array_agg(lower(changed.name)) AS names,
                       EXISTS (SELECT FROM profiles_peopleblock AS block WHERE block.site_id = changed.site_id) AS is_known
                FROM changed GROUP BY changed.site_id ORDER BY changed.site_id
            LOOP
                IF place.is_known THEN
                    PERFORM profiles_peopleblock_add(
                        place.site_id, place.names, CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
                    );
                ELSIF TG_OP = 'INSERT' AND 2 * profiles_peopleblock_size() < (
                    SELECT everybody.profile_count FROM profiles_peoplecount AS everybody
                    WHERE everybody.site_id = place.site_id
                ) THEN
                    PERFORM profiles_peopleblock_divide(place.site_id, '');
                END IF;
            END LOOP;
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION profiles_profile_stand_in_blocks()",
    ),
    (
        """
        CREATE TRIGGER profiles_profile_people_stand_in_blocks AFTER INSERT ON profiles_profile
        REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION profiles_profile_stand_in_blocks()
        """,
        "DROP TRIGGER profiles_profile_people_stand_in_blocks ON profiles_profile",
    ),
    (
        """
        CREATE TRIGGER profiles_profile_people_step_out_of_blocks AFTER DELETE ON profiles_profile
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION profiles_profile_stand_in_blocks()
        """,
        "DROP TRIGGER profiles_profile_people_step_out_of_blocks ON profiles_profile",
    ),
    (
        """
        CREATE FUNCTION profiles_profile_move_in_blocks() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM profiles_peoplecount AS everybody WHERE everybody.site_id = NEW.site_id FOR UPDATE;
            PERFORM profiles_peopleblock_add(OLD.site_id, ARRAY[lower(OLD.name)], -1);
            PERFORM profiles_peopleblock_add(NEW.site_id, ARRAY[lower(NEW.name)], 1);
            RETURN NULL;
        END $$
        """,
        "DROP FUNCTION profiles_profile_move_in_blocks()",
    ),
    (
        """
        CREATE TRIGGER profiles_profile_moves_in_blocks AFTER UPDATE OF name ON profiles_profile
        FOR EACH ROW WHEN (lower(OLD.name) IS DISTINCT FROM lower(NEW.name))
        EXECUTE FUNCTION profiles_profile_move_in_blocks()
        """,
        "DROP TRIGGER profiles_profile_moves_in_blocks ON profiles_profile",
    ),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [("profiles", "0007_profile_touches"), ("sites", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PeopleBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_name", models.CharField(max_length=250)),
                ("people_count", models.BigIntegerField()),
                (
                    "site",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="sites.site",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="peopleblock",
            constraint=models.UniqueConstraint(
                fields=("site", "first_name"), include=("people_count",), name="profiles_peopleblock_first"
            ),
        ),
        *(migrations.RunSQL(sql=make, reverse_sql=drop) for make, drop in STATEMENTS),
    ]
