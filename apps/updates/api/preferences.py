"""Routes of what a member wants to be told (contract B 14)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.errors import Missing, OutOfRange
from apps.core.openapi import operation
from apps.updates import services
from apps.updates.queries import preferences
from apps.updates.serializers import PreferenceInput, PreferenceOutput
from apps.updates.shapes import preference
from apps.updates.types import DIGESTS, Digest, UpdateType

HREF = "/api/v1/updates/preferences"


class PreferenceList(Api):
    """`/updates/preferences`."""

    @operation("What the caller wants to be told", answer=PreferenceOutput(many=True))
    def get(self, request: Request) -> Answer:
        """All types of updates, by id."""
        profile_id = self.viewer.require_profile()
        choices = preferences(site_id=self.viewer.site_id, profile_id=profile_id)
        return Answer([preference(choice, profile_id=profile_id) for choice in choices])


class PreferenceDetail(Api):
    """`/updates/preferences/{typeId}`."""

    @operation("Whether the caller wants to be told of a type of update", answer=PreferenceOutput)
    def get(self, request: Request, update_type_id: int) -> Answer:
        """As chosen, else by default."""
        profile_id, type = self.viewer.require_profile(), known_type(update_type_id)
        choices = preferences(site_id=self.viewer.site_id, profile_id=profile_id)
        found = next(choice for choice in choices if choice.type is type)
        return Answer(preference(found, profile_id=profile_id))

    @operation(
        "Choose whether to be told of a type of update",
        body=PreferenceInput,
        success=(302,),
        prefer=200,
        represents=PreferenceOutput,
    )
    def put(self, request: Request, update_type_id: int) -> Answer:
        """It decides the flags of watchers made later; those there are stay as they are."""
        profile_id = self.viewer.require_profile()
        given = PreferenceInput.read(request.data)
        new = services.choose(
            site_id=self.viewer.site_id,
            profile_id=profile_id,
            type=known_type(update_type_id),
            send_email=given.get("sendEmail"),
            send_sms=given.get("sendSMS"),
            digest=known_digest(given.get("digest")),
        )
        return self.wrote(f"{HREF}/{update_type_id}", representation=lambda: preference(new, profile_id=profile_id))


def known_digest(word: str | None) -> Digest | None:
    """A frequency by its name, None for None; raises OutOfRange."""
    if word is None:
        return None
    if word not in DIGESTS:
        raise OutOfRange(f"digest is one of {', '.join(DIGESTS)}")
    return DIGESTS[word]


def known_type(id: int) -> UpdateType:
    """A type of updates by its id; raises Missing."""
    if id not in list(UpdateType):
        raise Missing
    return UpdateType(id)
