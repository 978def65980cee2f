"""Who the caller is (contract A 14)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.core.response_cache import kept
from apps.profiles.api.composition import whoami_shape
from apps.profiles.api.serializers import ProfileOutput
from apps.profiles.viewer import Viewer


def _state_with_activity(viewer: Viewer) -> str:
    """The page shows when its reader was here, which moves no version."""
    return viewer.state and f"{viewer.state}.{viewer.last_active_at}"


class Whoami(Api):
    """`/whoami`."""

    @operation("The caller's own profile; the banned may ask too", answer=ProfileOutput)
    @kept(state_of=_state_with_activity)
    def get(self, request: Request) -> Answer:
        self.viewer.require_profile()
        return Answer(whoami_shape(self.viewer))
