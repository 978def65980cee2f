"""What an address of another forum software pointed at: one module a product, chosen by the import's origin."""

from collections.abc import Callable

from apps.transfer.resolvers import vbulletin
from apps.transfer.resolvers.target import OldUrl, Target

#: Product of an origin to the function that reads its addresses.
RESOLVERS: dict[str, Callable[[OldUrl], Target | None]] = {"vbulletin": vbulletin.read_url}
