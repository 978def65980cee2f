-- Queues a task in the running transaction, through procrastinate's own function: for statements that find out by
-- themselves whether there is anything to do. Whoever calls it makes sure that the task exists and is neither urgent nor
-- bulk.
CREATE FUNCTION fn.queue_job(p_task text, p_arguments jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM procrastinate_defer_jobs_v1(ARRAY[
        ROW('default', p_task, 0, NULL, NULL, p_arguments, NULL)::procrastinate_job_to_defer_v1
    ]);
END $$;
