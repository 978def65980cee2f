"""Everything that is kept and can be counted again, in the order in which one depends on another."""

from apps.comments.services import repair_counters as repair_comments
from apps.files.services import repair_counters as repair_files
from apps.items.services import repair_counters as repair_items
from apps.microcosms.services import repair_counters as repair_microcosms
from apps.profiles.services import repair_counters as repair_profiles

#: Each takes a site and returns what was wrong.
REPAIRS = (repair_files, repair_comments, repair_items, repair_microcosms, repair_profiles)
