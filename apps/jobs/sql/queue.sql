-- name: queue_jobs
-- Queues a task once for each of some arguments, through procrastinate's own function; answers with the ids of the jobs.
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY(
    SELECT ROW(
        'default', %(task)s::text, %(priority)s::integer, %(lock)s::text, NULL, given.arguments, NULL
    )::procrastinate_job_to_defer_v1
    FROM jsonb_array_elements(%(arguments)s::jsonb) WITH ORDINALITY AS given (arguments, place)
    ORDER BY given.place
))) AS id
