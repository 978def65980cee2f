"""The caller's own switches (contract A 23.5)."""

from rest_framework.request import Request

from apps.core.api import Answer, Api
from apps.core.openapi import operation
from apps.moderation.services import recorded
from apps.profiles import services
from apps.profiles.serializers import ProfileOptionsInput, ProfileOptionsOutput
from apps.profiles.shapes import options_shape

HREF = "/api/v1/profiles/options"
#: What the wire calls the options that members set themselves.
_FIELDS = {
    "showDOB": "show_dob",
    "showDOBYear": "show_dob_year",
    "sendEmail": "send_email",
    "sendSMS": "send_sms",
}


class OptionsDetail(Api):
    """`/profiles/options`."""

    @operation("The caller's switches", answer=ProfileOptionsOutput)
    def get(self, request: Request) -> Answer:
        profile_id = self.viewer.require_profile()
        options = services.get_or_create_options(site_id=self.viewer.site_id, profile_id=profile_id)
        return Answer(options_shape(options))

    @operation(
        "Change the caller's switches; absent ones stay as they are",
        body=ProfileOptionsInput,
        success=(302,),
        prefer=200,
        represents=ProfileOptionsOutput,
    )
    def put(self, request: Request) -> Answer:
        profile_id = self.viewer.require_profile()
        body = ProfileOptionsInput.read(request.data)
        who = {"site_id": self.viewer.site_id, "profile_id": profile_id}
        changes = {_FIELDS[key]: value for key, value in body.items()}
        with recorded("profile.options_edited", site_id=self.viewer.site_id, actor_id=profile_id, ids=who):
            options = services.edit_options(**who, **changes)
        return self.wrote(HREF, representation=lambda: options_shape(options))
