"""How large a picture is shown: boxes to fit into, and the fixed sizes of thumbnails."""

from dataclasses import dataclass

#: The longer sides of thumbnails, smallest first; two of them are what the web client asks for.
SIDES = (64, 100, 200, 400, 800, 1600)
#: What `thumbnail=true` means.
THUMBNAIL_SIDE = 200


@dataclass(frozen=True)
class Box:
    """The largest width and height wanted; 0 is any."""

    width: int = 0
    height: int = 0

    @property
    def is_open(self) -> bool:
        """Whether everything fits."""
        return not (self.width or self.height)

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        """The size itself, or the largest of the same proportions that fits."""
        width, height = size
        scale = min(1.0, self.width / width if self.width else 1.0, self.height / height if self.height else 1.0)
        return (width, height) if scale == 1.0 else (max(1, round(width * scale)), max(1, round(height * scale)))


def sides_below(size: tuple[int, int]) -> list[int]:
    """The thumbnails that a picture has: those that are smaller than itself."""
    return [side for side in SIDES if side < max(size)]


def side_for(size: tuple[int, int], *, box: Box) -> int | None:
    """The largest thumbnail that fits into a box, the smallest if none does; None for the picture itself."""
    if box.fit(size) == size:
        return None
    sides = sides_below(size)
    fitting = [side for side in sides if box.fit(thumbnail := Box(side, side).fit(size)) == thumbnail]
    return max(fitting, default=min(sides, default=None))
