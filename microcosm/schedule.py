"""What runs when: the scheduled jobs of the platform, each a task without arguments; times are UTC.

`cron` is "second minute hour day month weekday" (contract B 17 has the times). `manage.py scheduler` queues what is
due, workers run it, `manage.py run_job TASK` runs one by hand, and docs/operations.md says how to look at the runs.
"""

from collections.abc import Sequence

from apps.jobs.schedule import Scheduled

SCHEDULE: Sequence[Scheduled] = (
    Scheduled("items.fold_views", cron="0 * * * * *", what="adds the views of the last minute to the items"),
    Scheduled("sites.count_people_online", cron="30 * * * * *", what="counts who is here, on each site"),
    Scheduled("sites.count_people", cron="0 */10 * * * *", what="counts the people of each site"),
    Scheduled("sites.record_metrics", cron="0 0 */4 * * *", what="writes the platform's metrics of the day"),
    Scheduled(
        "accounts.forget_expired",
        cron="0 15 * * * *",
        what="deletes ended tokens, codes, attempts to sign in, sessions",
    ),
    Scheduled("live.keep_log", cron="0 20 * * * *", what="prepares the days of the change log, forgets the old ones"),
    Scheduled(
        "webhooks.sweep", cron="15 * * * * *", what="has due deliveries of webhooks sent that nobody has in hand"
    ),
    Scheduled("webhooks.prune", cron="0 40 3 * * *", what="deletes old deliveries of webhooks"),
    Scheduled("files.recount", cron="0 15 0 * * *", what="counts how often each file is attached again"),
    Scheduled("comments.recount", cron="0 30 0 * * *", what="counts the attachments of each comment again"),
    Scheduled("items.recount", cron="0 45 0 * * *", what="counts the comments of each item again"),
    Scheduled(
        "microcosms.recount",
        cron="0 0 1 * * *",
        what="counts items and comments of each microcosm again and puts the busiest first",
    ),
    Scheduled("files.sweep_orphans", cron="0 30 3 * * *", what="removes bytes whose upload never ended"),
    Scheduled("comments.rerender", cron="0 45 3 * * *", what="renders again what an older renderer made"),
    Scheduled("jobs.forget_runs", cron="0 0 4 * * *", what="forgets runs of scheduled jobs that ended well long ago"),
    Scheduled("moderation.forget_acts", cron="0 30 4 * * *", what="deletes old rows of the audit trail"),
    Scheduled("updates.remind", cron="15 */10 * * * *", what="reminds people of events that begin soon"),
    Scheduled("updates.queue_daily_digests", cron="0 0 6 * * *", what="mails what was collected for a day"),
    Scheduled("updates.queue_weekly_digests", cron="0 30 6 * * mon", what="mails what was collected for a week"),
    Scheduled("updates.prune", cron="0 0 4 * * *", what="deletes updates that nobody misses"),
    Scheduled("updates.forget_mails", cron="0 10 4 * * *", what="forgets mails that were sent long ago"),
    Scheduled("huddles.delete_orphaned", cron="0 0 5 * * *", what="deletes huddles that everybody has left"),
    Scheduled(
        "profiles.recount", cron="0 5 5 * * sun", what="counts items, comments and unread huddles of each profile again"
    ),
)
