"""Who the caller is (contract A 14)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.profiles.api.composition import whoami_shape
from apps.profiles.api.serializers import ProfileOutput


class Whoami(Api):
    """`/whoami`."""

    @operation("The caller's own profile; the banned may ask too", answer=ProfileOutput)
    def get(self, request: Request) -> Answer:
        self.viewer.require_profile()
        return Answer(whoami_shape(self.viewer))
