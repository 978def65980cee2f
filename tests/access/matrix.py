"""Who may do what: the tables of the contract's permissions.md with its target rules, as one literal table.

The people are those of permissions.md 1, and OUT, a member of another site who comes here with their token:

GUE guest; MEM member; AUT author of the things; PRV named in the one regular role (read) of the private microcosm;
MO0 in a moderator role of the root that ticks nothing; MO1 in a moderator role of X that ticks everything; MCO owner of
X; SO owner of the site; BRO in a banned role of X; BAN banned from the site.

The things, named in braces (see scene.py):

X       microcosm below the root, with the moderator and banned roles
XC      microcosm in X, of the owner of the site
Y       private microcosm below the root, with a regular role of its own
XD, XO  microcosms in X, deleted and closed
C       conversation of AUT in XC; the only comment in it is K, by AUT
CT      conversation of AUT in XC with a comment by MEM
CX, CXC, CXD, CXM  conversations of AUT in X: open, closed, deleted, moderated; KX, KXD, KXM are comments of AUT in CX:
        shown, deleted, moderated; EX is an event of AUT in X
CY      conversation of the owner of the site in Y, with the comment KY
CC, CD, CM  conversations of AUT in XC: closed, deleted, moderated; KC is a comment of AUT in CC
KD, KM  comments of AUT in CT: deleted, moderated
CP      conversation of PRV in XC
B       comment of AUT on the own profile
E       event of AUT in XC that N said yes to; EY an event in Y; EC, ED events of AUT in XC: closed, deleted;
        EA an event of SO in XC; EAA, EN the answers of AUT to EA and of N to E
P       poll of AUT in XC with the choices PA and PB; PX is a choice of another poll; PY a poll in Y with the choice PYA
PC, PD  polls of AUT in XC: closed, deleted; their first choices are PCA and PDA
H, HC   huddle and confidential huddle of AUT with MEM and BRO; KH is a comment of AUT in H
W, U    what AUT watches: C; an update of AUT about K; T is a type of updates
A       attribute of the site, X, Y, C, K and the profile of AUT
F       file attached to K, KY and the profile of AUT, which has another avatar too
L       short link to a page elsewhere
TOKEN   a token of N: who holds it may end it
PU      a browser in which AUT gets push messages
MT      what the link in a mail to AUT is signed with
WH      webhook of the owner of the site
R, RC, RB, RBC  a role of X and its criterion, a default role and its criterion; N is named in both
"""

# ruff: noqa: E501

from dataclasses import dataclass
from typing import Any

PEOPLE = ("GUE", "MEM", "AUT", "PRV", "MO0", "MO1", "MCO", "SO", "BRO", "BAN", "OUT")


@dataclass(frozen=True)
class Row:
    """One action: a request, and its status for each of PEOPLE; `-` where the question makes no sense."""

    name: str
    verb: str
    path: str
    statuses: str
    body: Any = None
    #: The thing that is hidden from those who get 404: asked again with an id that never was, all is the same.
    target: str = ""
    host: str = "site"
    #: A change to the scene before the request; see `scene.SETUPS`.
    setup: str = ""

    @property
    def expected(self) -> dict[str, int]:
        """The status for each person the row asks about."""
        pairs = zip(PEOPLE, self.statuses.split(), strict=True)
        return {person: int(status) for person, status in pairs if status != "-"}


def flag(name: str, value: bool) -> list[dict[str, Any]]:
    """A patch that sets a flag."""
    return [{"op": "replace", "path": f"/meta/flags/{name}", "value": value}]


EDIT = {"title": "Edited", "meta": {"editReason": "because"}}
ASK = {"title": "New", "question": "Which one?", "choices": [{"choice": "Red"}, {"choice": "Blue"}]}
SAY = {"markdown": "Something else"}
ROLE = {"title": "New role", "read": True}
CRITERION = {"profileColumn": "commentCount", "predicate": "gt", "value": 1000}
RIGHT = [{"op": "replace", "path": "/delete", "value": True}]
ATTRIBUTES = [{"key": "12345", "value": "other"}]
#: A file that is attached to nothing yet.
FILE = {"fileHash": "2" * 40}
BROWSER = {
    "endpoint": "https://push.example/1",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
PLACE = {"title": "New place", "description": "About it."}

# The tables are read by column.
# fmt: off
READING = [
    #                                                          GUE MEM AUT PRV MO0 MO1 MCO SO  BRO BAN OUT
    Row("discovery", "GET", "/", "                             200 200 200 200 200 200 200 200 200 403 200"),
    Row("discovery of versions", "GET", "/api", "              200 200 200 200 200 200 200 200 200 403 200"),
    Row("discovery of resources", "GET", "/api/v1", "          200 200 200 200 200 200 200 200 200 403 200"),
    Row("site", "GET", "site", "                               200 200 200 200 200 200 200 200 200 200 200"),
    # Whoever knows a hash may read the file: tests/files. Here nobody does.
    Row("file", "GET", "files/{R}", "                          404 404 404 404 404 404 404 404 404 403 404"),
    Row("menu", "GET", "site/menu", "                          200 200 200 200 200 200 200 200 200 403 200"),
    Row("legal", "GET", "legal", "                             200 200 200 200 200 200 200 200 200 403 200"),
    Row("legal text", "GET", "legal/terms", "                  200 200 200 200 200 200 200 200 200 403 200"),
    Row("short link", "GET", "out/{L}", "                      307 307 307 307 307 307 307 307 307 307 307"),
    Row("link of a mail", "GET", "unsubscribe/{MT}", "          200 200 200 200 200 200 200 200 200 200 200"),
    Row("push messages", "GET", "updates/push", "              403 200 200 200 200 200 200 200 200 403 200"),
    Row("platform's short link", "GET", "/out/{L}", "          307 307 307 307 307 307 307 307 307 307 307", host="root"),
    Row("geocode", "GET", "geocode?q=London", "                403 200 200 200 200 200 200 200 200 403 200"),
    Row("resolve", "GET", "resolve?url=http://old.example/", " 200 200 200 200 200 200 200 200 200 403 200"),
    Row("whoami", "GET", "whoami", "                           403 200 200 200 200 200 200 200 200 200 200"),
    Row("permission", "GET", "permission", "                   200 200 200 200 200 200 200 200 200 403 200"),
    Row("tree", "GET", "microcosms/tree", "                    200 200 200 200 200 200 200 200 200 403 200"),
    Row("root", "GET", "microcosms", "                         200 200 200 200 200 200 200 200 200 403 200"),
    Row("microcosm", "GET", "microcosms/{X}", "                200 200 200 200 200 200 200 200 404 403 200"),
    Row("microcosm below", "GET", "microcosms/{XC}", "         200 200 200 200 200 200 200 200 404 403 200"),
    Row("private microcosm", "GET", "microcosms/{Y}", "        404 404 404 200 404 404 404 200 404 403 404"),
    Row("deleted microcosm", "GET", "microcosms/{XD}", "       404 404 404 404 200 200 404 200 404 403 404"),
    Row("other site's root", "GET", "microcosms/{OUT_ROOT}", " 404 404 404 404 404 404 404 404 404 403 404"),
    Row("conversations", "GET", "conversations", "             200 200 200 200 200 200 200 200 200 403 200"),
    Row("conversation", "GET", "conversations/{C}", "          200 200 200 200 200 200 200 200 404 403 200"),
    Row("own banned from", "GET", "conversations/{CB}", "      200 200 200 200 200 200 200 200 404 403 200"),
    Row("private conversation", "GET", "conversations/{CY}", " 404 404 404 200 404 404 404 200 404 403 404"),
    Row("closed conversation", "GET", "conversations/{CC}", "  200 200 200 200 200 200 200 200 404 403 200"),
    Row("deleted conversation", "GET", "conversations/{CD}", " 404 404 404 404 200 200 404 200 404 403 404"),
    Row("moderated", "GET", "conversations/{CM}", "            404 404 200 404 200 200 404 200 404 403 404"),
    Row("deleted in own microcosm", "GET", "conversations/{CXD}", "404 404 404 404 200 200 200 200 404 403 404"),
    Row("moderated in own microcosm", "GET", "conversations/{CXM}", "404 404 200 404 200 200 200 200 404 403 404"),
    Row("foreign", "GET", "conversations/{OUT_C}", "           404 404 404 404 404 404 404 404 404 403 404"),
    Row("jump to new", "GET", "conversations/{C}/newcomment", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("jump to last", "GET", "conversations/{C}/lastcomment", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("jump hidden", "GET", "conversations/{CY}/newcomment", "404 404 404 307 404 404 404 307 404 403 404"),
    Row("events", "GET", "events", "                           200 200 200 200 200 200 200 200 200 403 200"),
    Row("event", "GET", "events/{E}", "                        200 200 200 200 200 200 200 200 404 403 200"),
    Row("private event", "GET", "events/{EY}", "               404 404 404 200 404 404 404 200 404 403 404"),
    Row("deleted event", "GET", "events/{ED}", "               404 404 404 404 200 200 404 200 404 403 404"),
    Row("foreign event", "GET", "events/{OUT_E}", "            404 404 404 404 404 404 404 404 404 403 404"),
    Row("event, jump to new", "GET", "events/{E}/newcomment", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("event, jump to last", "GET", "events/{E}/lastcomment", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("attendees", "GET", "events/{E}/attendees", "          200 200 200 200 200 200 200 200 404 403 200"),
    Row("private attendees", "GET", "events/{EY}/attendees", " 404 404 404 200 404 404 404 200 404 403 404"),
    Row("attendee", "GET", "events/{E}/attendees/{N}", "       200 200 200 200 200 200 200 200 404 403 200"),
    Row("list of addresses", "GET", "events/{E}/attendeescsv", "403 403 200 403 200 200 403 200 404 403 403"),
    Row("addresses in own microcosm", "GET", "events/{EX}/attendeescsv", "403 403 200 403 200 200 200 200 404 403 403"),
    Row("private addresses", "GET", "events/{EY}/attendeescsv", "404 404 404 403 404 404 404 200 404 403 404"),
    Row("calendar", "GET", "events/{E}/calendar", "            200 200 200 200 200 200 200 200 404 403 200"),
    Row("private calendar", "GET", "events/{EY}/calendar", "   404 404 404 200 404 404 404 200 404 403 404"),
    Row("calendar of microcosm", "GET", "microcosms/{X}/calendar", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("calendar of private microcosm", "GET", "microcosms/{Y}/calendar", "404 404 404 200 404 404 404 200 404 403 404"),
    Row("polls", "GET", "polls", "                             200 200 200 200 200 200 200 200 200 403 200"),
    Row("poll", "GET", "polls/{P}", "                          200 200 200 200 200 200 200 200 404 403 200"),
    Row("private poll", "GET", "polls/{PY}", "                 404 404 404 200 404 404 404 200 404 403 404"),
    Row("deleted poll", "GET", "polls/{PD}", "                 404 404 404 404 200 200 404 200 404 403 404"),
    Row("foreign poll", "GET", "polls/{OUT_PO}", "             404 404 404 404 404 404 404 404 404 403 404"),
    Row("poll, jump to new", "GET", "polls/{P}/newcomment", "  307 307 307 307 307 307 307 307 404 403 307"),
    Row("poll, jump to last", "GET", "polls/{P}/lastcomment", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("own vote", "GET", "polls/{P}/vote", "                 403 200 200 200 200 200 200 200 404 403 200"),
    Row("vote in private", "GET", "polls/{PY}/vote", "         404 404 404 200 404 404 404 200 404 403 404"),
    Row("comment", "GET", "comments/{K}", "                    200 200 200 200 200 200 200 200 404 403 200"),
    Row("private comment", "GET", "comments/{KY}", "           404 404 404 200 404 404 404 200 404 403 404"),
    Row("deleted comment", "GET", "comments/{KD}", "           404 404 404 404 200 200 404 200 404 403 404"),
    Row("moderated comment", "GET", "comments/{KM}", "         404 404 200 404 200 200 404 200 404 403 404"),
    Row("deleted comment in own microcosm", "GET", "comments/{KXD}", "404 404 404 404 200 200 200 200 404 403 404"),
    Row("moderated comment in own microcosm", "GET", "comments/{KXM}", "404 404 200 404 200 200 200 200 404 403 404"),
    Row("comment in context", "GET", "comments/{K}/incontext", "307 307 307 307 307 307 307 307 404 403 307"),
    Row("hidden in context", "GET", "comments/{KY}/incontext", "404 404 404 307 404 404 404 307 404 403 404"),
    Row("biography", "GET", "comments/{B}", "                  200 200 200 200 200 200 200 200 200 403 200"),
    Row("foreign comment", "GET", "comments/{OUT_K}", "        404 404 404 404 404 404 404 404 404 403 404"),
    Row("huddles", "GET", "huddles", "                         200 200 200 200 200 200 200 200 200 403 200"),
    Row("huddle", "GET", "huddles/{H}", "                      404 200 200 404 404 404 404 404 200 403 404"),
    Row("people of huddle", "GET", "huddles/{H}/participants", "404 200 200 404 404 404 404 404 200 403 404"),
    Row("one in huddle", "GET", "huddles/{H}/participants/{MEM}", "404 200 200 404 404 404 404 404 200 403 404"),
    Row("one not in huddle", "GET", "huddles/{H}/participants/{N}", "404 404 404 404 404 404 404 404 404 403 404", target="N"),
    Row("jump to new in huddle", "GET", "huddles/{H}/newcomment", "404 307 307 404 404 404 404 404 307 403 404"),
    Row("jump to last in huddle", "GET", "huddles/{H}/lastcomment", "404 307 307 404 404 404 404 404 307 403 404"),
    Row("comment in huddle", "GET", "comments/{KH}", "         404 200 200 404 404 404 404 404 200 403 404"),
    Row("in context in huddle", "GET", "comments/{KH}/incontext", "404 307 307 404 404 404 404 404 307 403 404"),
    Row("attachments", "GET", "comments/{K}/attachments", "    200 200 200 200 200 200 200 200 404 403 200"),
    Row("private attachments", "GET", "comments/{KY}/attachments", "404 404 404 200 404 404 404 200 404 403 404"),
    Row("deleted attachments", "GET", "comments/{KD}/attachments", "404 404 404 404 200 200 404 200 404 403 404"),
    Row("avatars", "GET", "profiles/{AUT}/attachments", "      200 200 200 200 200 200 200 200 200 403 200"),
    Row("foreign avatars", "GET", "profiles/{OUT_P}/attachments", "404 404 404 404 404 404 404 404 404 403 404"),
    Row("attributes of site", "GET", "site/{SITE}/attributes", "200 200 200 200 200 200 200 200 200 403 200"),
    Row("attribute of site", "GET", "site/{SITE}/attributes/{A}", "200 200 200 200 200 200 200 200 200 403 200"),
    Row("attributes of foreign site", "GET", "site/{OUT_SITE}/attributes", "404 404 404 404 404 404 404 404 404 403 404"),
    Row("attributes of microcosm", "GET", "microcosms/{X}/attributes", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attribute of microcosm", "GET", "microcosms/{X}/attributes/{A}", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attributes of private", "GET", "microcosms/{Y}/attributes", "404 404 404 200 404 404 404 200 404 403 404"),
    Row("attributes of conversation", "GET", "conversations/{C}/attributes", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attribute of conversation", "GET", "conversations/{C}/attributes/{A}", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attributes of event", "GET", "events/{E}/attributes", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attribute of event", "GET", "events/{E}/attributes/{A}", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attributes of poll", "GET", "polls/{P}/attributes", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attribute of poll", "GET", "polls/{P}/attributes/{A}", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attributes of private", "GET", "conversations/{CY}/attributes", "404 404 404 200 404 404 404 200 404 403 404"),
    Row("attributes of comment", "GET", "comments/{K}/attributes", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attribute of comment", "GET", "comments/{K}/attributes/{A}", "200 200 200 200 200 200 200 200 404 403 200"),
    Row("attributes of private comment", "GET", "comments/{KY}/attributes", "404 404 404 200 404 404 404 200 404 403 404"),
    Row("attributes of profile", "GET", "profiles/{AUT}/attributes", "200 200 200 200 200 200 200 200 200 403 200"),
    Row("attribute of profile", "GET", "profiles/{AUT}/attributes/{A}", "200 200 200 200 200 200 200 200 200 403 200"),
    # What each finds: tests/api/test_search.py and test_trending.py.
    Row("search", "GET", "search?q=x", "                       200 200 200 200 200 200 200 200 200 403 200"),
    # What each is told: tests/api/test_changes.py.
    Row("changes", "GET", "changes?after=0", "                 200 200 200 200 200 200 200 200 200 403 200"),
    Row("stream", "GET", "changes/stream", "                  421 421 421 421 421 421 421 421 421 403 421"),
    Row("webhooks", "GET", "webhooks", "                       403 403 403 403 403 403 403 200 403 403 403"),
    Row("webhook", "GET", "webhooks/{WH}", "                   403 403 403 403 403 403 403 200 403 403 403"),
    Row("deliveries", "GET", "webhooks/{WH}/deliveries", "     403 403 403 403 403 403 403 200 403 403 403"),
    Row("foreign webhook", "GET", "webhooks/{OUT_WH}", "       403 403 403 403 403 403 403 404 403 403 403"),
    Row("trending", "GET", "trending", "                       200 200 200 200 200 200 200 200 200 403 200"),
    Row("people", "GET", "profiles", "                         200 200 200 200 200 200 200 200 200 403 200"),
    Row("profile", "GET", "profiles/{AUT}", "                  200 200 200 200 200 200 200 200 200 403 200"),
    Row("own profile", "GET", "profiles/{SELF}", "             -   200 200 200 200 200 200 200 200 200 200"),
    Row("foreign profile", "GET", "profiles/{OUT_P}", "        404 404 404 404 404 404 404 404 404 403 404"),
    Row("options", "GET", "profiles/options", "                403 200 200 200 200 200 200 200 200 403 200"),
    Row("user record", "GET", "users/{AUT_U}", "               403 404 200 404 404 404 404 200 404 403 404"),
    Row("foreign user record", "GET", "users/{OUT_U}", "       403 404 404 404 404 404 404 404 404 403 404"),
    Row("ignored", "GET", "ignored", "                         403 200 200 200 200 200 200 200 200 403 200"),
    Row("watchers", "GET", "watchers", "                       403 200 200 200 200 200 200 200 200 403 200"),
    Row("updates", "GET", "updates", "                         403 200 200 200 200 200 200 200 200 403 200"),
    Row("update", "GET", "updates/{U}", "                      403 404 200 404 404 404 404 404 404 403 404"),
    Row("preferences", "GET", "updates/preferences", "         403 200 200 200 200 200 200 200 200 403 200"),
    Row("preference", "GET", "updates/preferences/{T}", "      403 200 200 200 200 200 200 200 200 403 200"),
    Row("roles", "GET", "microcosms/{X}/roles", "              200 200 200 200 200 200 200 200 404 403 200"),
    Row("roles of root", "GET", "microcosms/{ROOT}/roles", "   200 200 200 200 200 200 200 200 200 403 200"),
    Row("private roles", "GET", "microcosms/{Y}/roles", "      404 404 404 200 404 404 404 200 404 403 404"),
    Row("role", "GET", "microcosms/{X}/roles/{R}", "           403 403 403 403 200 200 200 200 404 403 403"),
    Row("role below", "GET", "microcosms/{XC}/roles/{R}", "    403 403 403 403 404 404 403 404 404 403 403", target="R"),
    Row("private role", "GET", "microcosms/{Y}/roles/{RY}", "  404 404 404 403 404 404 404 200 404 403 404"),
    Row("criteria", "GET", "microcosms/{X}/roles/{R}/criteria", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("criterion", "GET", "microcosms/{X}/roles/{R}/criteria/{RC}", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("named", "GET", "microcosms/{X}/roles/{R}/profiles", " 403 403 403 403 200 200 200 200 404 403 403"),
    Row("one named", "GET", "microcosms/{X}/roles/{R}/profiles/{N}", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("members", "GET", "microcosms/{X}/roles/{R}/members", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("default roles", "GET", "roles", "                     403 403 403 403 403 403 403 200 403 403 403"),
    Row("default role", "GET", "roles/{RB}", "                 403 403 403 403 403 403 403 200 403 403 403"),
    Row("default people", "GET", "roles/{RB}/profiles", "      403 403 403 403 403 403 403 200 403 403 403"),
    Row("default criteria", "GET", "roles/{RB}/criteria", "    403 403 403 403 403 403 403 200 403 403 403"),
    Row("default members", "GET", "roles/{RB}/members", "      403 403 403 403 403 403 403 200 403 403 403"),
    Row("default criterion", "GET", "roles/{RB}/criteria/{RBC}", "403 403 403 403 403 403 403 200 403 403 403"),
    Row("one by default", "GET", "roles/{RB}/profiles/{N}", "  403 403 403 403 403 403 403 200 403 403 403"),
    Row("foreign default role", "GET", "roles/{OUT_R}", "      403 403 403 403 403 403 403 404 403 403 403"),
    Row("bans", "GET", "bans", "                               403 403 403 403 403 403 403 200 403 403 403"),
    Row("ban", "GET", "bans/{BAN}", "                          403 403 403 403 403 403 403 200 403 403 403"),
    Row("site elsewhere", "GET", "sites/{SITE}", "             200 200 200 200 200 200 200 200 200 403 200", host="root"),
    # Operators are nobody of these: tests/api/test_metrics.py.
    Row("address of a site", "GET", "hosts/{N}", "             404 404 404 404 404 404 404 404 404 403 404", host="root"),
    Row("free address", "GET", "reserved/{N}", "               200 200 200 200 200 200 200 200 200 403 200", host="root"),
    Row("token of another", "GET", "auth/{N}", "               404 404 404 404 404 404 404 404 404 403 404"),
    Row("metrics", "GET", "metrics", "                         403 403 403 403 403 403 403 403 403 403 403", host="root"),
    Row("sites", "GET", "sites", "                             200 200 200 200 200 200 200 200 200 403 200", host="root"),
    Row("own sites", "GET", "sites?filter=owned", "            403 200 200 200 200 200 200 200 200 403 200", host="root"),
    Row("menu elsewhere", "GET", "sites/{SITE}/menu", "        200 200 200 200 200 200 200 200 200 403 200", host="root"),
    Row("site status", "GET", "sites/{SITE}/status", "         403 403 403 403 403 403 403 200 403 403 403", host="root"),
    Row("deleted site", "GET", "sites/{OUT_SITE}", "           404 404 404 404 404 404 404 404 404 403 404", host="root", setup="other site deleted"),
]

CREATING = [
    #                                                          GUE MEM AUT PRV MO0 MO1 MCO SO  BRO BAN OUT
    # Without the secret of a client nobody signs in; who has one: tests/api/test_auth.py.
    Row("sign in", "POST", "auth", "                           403 403 403 403 403 403 403 403 403 403 403",
        body={"Assertion": "x", "ClientSecret": "none"}),
    Row("sign in elsewhere", "POST", "auth0", "                400 400 400 400 400 400 400 400 400 403 400",
        body={"Code": "x", "ClientSecret": "none"}),
    Row("ticket", "POST", "changes/tickets", "                 403 200 200 200 200 200 200 200 200 403 200"),
    # A JSON body holds no file; uploads themselves are in tests/files.
    Row("upload", "POST", "files", "                           403 400 400 400 400 400 400 400 400 403 400", {}),
    Row("site", "POST", "sites", "                             403 302 302 302 302 302 302 302 302 403 302",
        body={"title": "Mine", "description": "About it.", "subdomainKey": "gamma"}, host="root"),
    Row("microcosm", "POST", "microcosms", "                   403 403 403 403 302 302 302 302 404 403 403",
        body=PLACE | {"parentId": "{X}"}, target="X"),
    Row("microcosm at the top", "POST", "microcosms", "        403 403 403 403 302 403 403 302 403 403 403",
        body=PLACE | {"parentId": "{ROOT}"}),
    Row("microcosm without parent", "POST", "microcosms", "    403 403 403 403 302 403 403 302 403 403 403", body=PLACE),
    Row("microcosm in private", "POST", "microcosms", "        404 404 404 403 404 404 404 302 404 403 404",
        body=PLACE | {"parentId": "{Y}"}, target="Y"),
    Row("microcosm, all may", "POST", "microcosms", "          403 302 302 302 302 302 302 302 404 403 302",
        body=PLACE | {"parentId": "{X}"}, target="X", setup="everyone creates"),
    Row("microcosm at the top, all may", "POST", "microcosms", "403 302 302 302 302 302 302 302 302 403 302",
        body=PLACE | {"parentId": "{ROOT}"}, setup="everyone creates"),
    Row("microcosm elsewhere", "POST", "microcosms", "         404 404 404 404 404 404 404 404 404 403 404",
        body=PLACE | {"parentId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("conversation", "POST", "conversations", "             403 302 302 302 302 302 302 302 404 403 302",
        body={"title": "New", "microcosmId": "{XC}"}, target="XC"),
    Row("conversation at the top", "POST", "conversations", "  403 302 302 302 302 302 302 302 302 403 302",
        body={"title": "New", "microcosmId": "{ROOT}"}),
    Row("conversation in private", "POST", "conversations", "  404 404 404 403 404 404 404 302 404 403 404",
        body={"title": "New", "microcosmId": "{Y}"}, target="Y"),
    Row("conversation where closed", "POST", "conversations", "403 400 400 400 302 302 400 302 404 403 400",
        body={"title": "New", "microcosmId": "{XO}"}, target="XO"),
    Row("conversation in own microcosm", "POST", "conversations", "403 302 302 302 302 302 302 302 404 403 302",
        body={"title": "New", "microcosmId": "{X}"}, target="X"),
    Row("conversation elsewhere", "POST", "conversations", "   404 404 404 404 404 404 404 404 404 403 404",
        body={"title": "New", "microcosmId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("event", "POST", "events", "                           403 302 302 302 302 302 302 302 404 403 302",
        body={"title": "New", "microcosmId": "{XC}"}, target="XC"),
    Row("event in private", "POST", "events", "                404 404 404 403 404 404 404 302 404 403 404",
        body={"title": "New", "microcosmId": "{Y}"}, target="Y"),
    Row("event where closed", "POST", "events", "              403 400 400 400 302 302 400 302 404 403 400",
        body={"title": "New", "microcosmId": "{XO}"}, target="XO"),
    Row("event elsewhere", "POST", "events", "                 404 404 404 404 404 404 404 404 404 403 404",
        body={"title": "New", "microcosmId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("come", "PUT", "events/{E}/attendees", "               -   200 200 200 200 200 200 200 404 403 200",
        body=[{"profileId": "{SELF}", "rsvp": "yes"}], target="E"),
    Row("come by path", "PUT", "events/{E}/attendees/{SELF}", " -  302 302 302 302 302 302 302 404 403 302", body={"rsvp": "yes"}),
    Row("come to private", "PUT", "events/{EY}/attendees", "   -   404 404 403 404 404 404 200 404 403 404",
        body=[{"profileId": "{SELF}", "rsvp": "yes"}], target="EY"),
    Row("come to closed", "PUT", "events/{EC}/attendees", "    -   400 400 400 200 200 400 200 404 403 400",
        body=[{"profileId": "{SELF}", "rsvp": "yes"}], target="EC"),
    Row("invite", "PUT", "events/{E}/attendees", "             403 403 200 403 200 200 403 200 404 403 403",
        body=[{"profileId": "{N}", "rsvp": "invited"}], target="E"),
    Row("invite in own microcosm", "PUT", "events/{EX}/attendees", "403 403 200 403 200 200 200 200 404 403 403",
        body=[{"profileId": "{N}", "rsvp": "invited"}], target="EX"),
    Row("invite by path", "PUT", "events/{E}/attendees/{N}", " 403 403 302 403 302 302 403 302 404 403 403", body={"rsvp": "maybe"}),
    Row("yes of another", "PUT", "events/{E}/attendees", "     403 403 403 403 403 403 403 403 404 403 403",
        body=[{"profileId": "{N}", "rsvp": "yes"}], target="E"),
    Row("poll", "POST", "polls", "                             403 302 302 302 302 302 302 302 404 403 302",
        body=ASK | {"microcosmId": "{XC}"}, target="XC"),
    Row("poll in private", "POST", "polls", "                  404 404 404 403 404 404 404 302 404 403 404",
        body=ASK | {"microcosmId": "{Y}"}, target="Y"),
    Row("poll where closed", "POST", "polls", "                403 400 400 400 302 302 400 302 404 403 400",
        body=ASK | {"microcosmId": "{XO}"}, target="XO"),
    Row("poll elsewhere", "POST", "polls", "                   404 404 404 404 404 404 404 404 404 403 404",
        body=ASK | {"microcosmId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("vote", "PUT", "polls/{P}/vote", "                     403 200 200 200 200 200 200 200 404 403 200", body={"choiceIds": ["{PA}"]}),
    Row("vote for another's", "PUT", "polls/{P}/vote", "       403 400 400 400 400 400 400 400 404 403 400", body={"choiceIds": ["{PX}"]}),
    Row("vote in closed", "PUT", "polls/{PC}/vote", "          403 400 400 400 400 400 400 400 404 403 400", body={"choiceIds": ["{PCA}"]}),
    Row("vote in private", "PUT", "polls/{PY}/vote", "         404 404 404 403 404 404 404 200 404 403 404", body={"choiceIds": ["{PYA}"]}),
    Row("vote in deleted", "PUT", "polls/{PD}/vote", "         404 404 404 404 200 200 404 200 404 403 404", body={"choiceIds": ["{PDA}"]}),
    Row("vote elsewhere", "PUT", "polls/{OUT_PO}/vote", "      404 404 404 404 404 404 404 404 404 403 404", body={"choiceIds": ["{PA}"]}),
    Row("comment", "POST", "comments", "                       403 302 302 302 302 302 302 302 404 403 302",
        body=SAY | {"itemType": "conversation", "itemId": "{C}"}, target="C"),
    Row("comment in private", "POST", "comments", "            404 404 404 403 404 404 404 302 404 403 404",
        body=SAY | {"itemType": "conversation", "itemId": "{CY}"}, target="CY"),
    Row("comment on closed", "POST", "comments", "             403 400 400 400 302 302 400 302 404 403 400",
        body=SAY | {"itemType": "conversation", "itemId": "{CC}"}, target="CC"),
    Row("comment on closed in own microcosm", "POST", "comments", "403 400 400 400 302 302 302 302 404 403 400",
        body=SAY | {"itemType": "conversation", "itemId": "{CXC}"}, target="CXC"),
    Row("comment on deleted", "POST", "comments", "            404 404 404 404 302 302 404 302 404 403 404",
        body=SAY | {"itemType": "conversation", "itemId": "{CD}"}, target="CD"),
    Row("comment elsewhere", "POST", "comments", "             404 404 404 404 404 404 404 404 404 403 404",
        body=SAY | {"itemType": "conversation", "itemId": "{OUT_C}"}, target="OUT_C"),
    Row("biography", "POST", "comments", "                     403 403 302 403 403 403 403 302 403 403 403",
        body=SAY | {"itemType": "profile", "itemId": "{AUT}"}),
    Row("huddle", "POST", "huddles", "                         403 302 302 302 302 302 302 302 302 403 302",
        body={"title": "Just us", "participants": [{"id": "{N}"}]}),
    Row("huddle with a stranger", "POST", "huddles", "         403 404 404 404 404 404 404 404 404 403 404",
        body={"title": "Just us", "participants": [{"id": "{OUT_P}"}]}, target="OUT_P"),
    Row("comment in huddle", "POST", "comments", "             404 302 302 404 404 404 404 404 302 403 404",
        body=SAY | {"itemType": "huddle", "itemId": "{H}"}, target="H"),
    Row("attachment", "POST", "comments/{K}/attachments", "    403 403 302 403 403 302 403 302 404 403 403", body=FILE),
    Row("attachment in own microcosm", "POST", "comments/{KX}/attachments", "403 403 302 403 403 302 302 302 404 403 403", body=FILE),
    Row("private attachment", "POST", "comments/{KY}/attachments", "404 404 404 403 404 404 404 302 404 403 404", body=FILE),
    Row("foreign attachment", "POST", "comments/{OUT_K}/attachments", "404 404 404 404 404 404 404 404 404 403 404", body=FILE),
    Row("avatar", "POST", "profiles/{AUT}/attachments", "      403 403 302 403 403 403 403 302 403 403 403", body=FILE),
    Row("foreign avatar", "POST", "profiles/{OUT_P}/attachments", "404 404 404 404 404 404 404 404 404 403 404", body=FILE),
    Row("profile", "POST", "profiles", "                       403 302 302 302 302 302 302 302 302 403 302", body={"profileName": "renamed"}),
    Row("role", "POST", "microcosms/{X}/roles", "              403 403 403 403 302 302 302 302 404 403 403", body=ROLE),
    Row("role below", "POST", "microcosms/{XC}/roles", "       403 403 403 403 302 302 403 302 404 403 403", body=ROLE),
    Row("role at the top", "POST", "microcosms/{ROOT}/roles", "403 403 403 403 302 403 403 302 403 403 403", body=ROLE),
    Row("private role", "POST", "microcosms/{Y}/roles", "      404 404 404 403 404 404 404 302 404 403 404", body=ROLE),
    Row("criterion", "POST", "microcosms/{X}/roles/{R}/criteria", "403 403 403 403 302 302 302 302 404 403 403", body=CRITERION),
    Row("named", "PUT", "microcosms/{X}/roles/{R}/profiles", " 403 403 403 403 200 200 200 200 404 403 403", body=[{"id": "{AUT}"}]),
    Row("one named", "PUT", "microcosms/{X}/roles/{R}/profiles/{AUT}", "403 403 403 403 302 302 302 302 404 403 403"),
    Row("foreigner named", "PUT", "microcosms/{X}/roles/{R}/profiles", "403 403 403 403 404 404 404 404 404 403 403",
        body=[{"id": "{OUT_P}"}], target="OUT_P"),
    Row("default role", "POST", "roles", "                     403 403 403 403 403 403 403 302 403 403 403", body=ROLE),
    Row("default criterion", "POST", "roles/{RB}/criteria", "  403 403 403 403 403 403 403 302 403 403 403", body=CRITERION),
    Row("default named", "PUT", "roles/{RB}/profiles/{AUT}", " 403 403 403 403 403 403 403 302 403 403 403"),
    Row("default people", "PUT", "roles/{RB}/profiles", "      403 403 403 403 403 403 403 200 403 403 403", body=[{"id": "{AUT}"}]),
    Row("watch", "POST", "watchers", "                         403 200 200 200 200 200 200 200 404 403 200",
        body={"itemType": "microcosm", "itemId": "{XC}"}, target="XC"),
    Row("watch private", "POST", "watchers", "                 403 404 404 200 404 404 404 -   404 403 404",
        body={"itemType": "conversation", "itemId": "{CY}"}, target="CY"),
    Row("watch deleted", "PUT", "watchers", "                  403 404 404 404 200 200 404 200 404 403 404",
        body={"itemType": "conversation", "itemId": "{CD}"}, target="CD"),
    Row("watch elsewhere", "POST", "watchers", "               403 404 404 404 404 404 404 404 404 403 404",
        body={"itemType": "conversation", "itemId": "{OUT_C}"}, target="OUT_C"),
    Row("users", "POST", "users", "                             403 403 403 403 403 403 403 200 403 403 403",
        body=[{"email": "new@example.org"}]),
    Row("batch", "POST", "users/batch", "                       403 403 403 403 403 403 403 200 403 403 403",
        body=[{"email": "new@example.org", "isMember": True}]),
    Row("webhook", "POST", "webhooks", "                       403 403 403 403 403 403 403 200 403 403 403",
        body={"url": "https://example.org/hook"}),
    Row("secret of webhook", "POST", "webhooks/{WH}/secret", " 403 403 403 403 403 403 403 200 403 403 403"),
    Row("replay", "POST", "webhooks/{WH}/replay", "            403 403 403 403 403 403 403 200 403 403 403", body={"after": 0}),
    Row("ping", "POST", "webhooks/{WH}/ping", "                403 403 403 403 403 403 403 200 403 403 403"),
    Row("ping of a foreign one", "POST", "webhooks/{OUT_WH}/ping", "403 403 403 403 403 403 403 404 403 403 403"),
    Row("ban", "POST", "bans", "                               403 403 403 403 403 403 403 302 403 403 403",
        body={"profileId": "{AUT}"}),
    Row("ban of a foreigner", "POST", "bans", "                403 403 403 403 403 403 403 404 403 403 403",
        body={"profileId": "{OUT_P}"}, target="OUT_P"),
]

CHANGING = [
    #                                                          GUE MEM AUT PRV MO0 MO1 MCO SO  BRO BAN OUT
    Row("edit conversation", "PUT", "conversations/{C}", "     403 403 302 403 403 302 403 302 404 403 403", body=EDIT),
    Row("edit in own microcosm", "PUT", "conversations/{CX}", "403 403 302 403 403 302 302 302 404 403 403", body=EDIT),
    Row("edit private", "PUT", "conversations/{CY}", "         404 404 404 403 404 404 404 302 404 403 404", body=EDIT),
    Row("edit deleted", "PUT", "conversations/{CD}", "         404 404 404 404 403 302 404 302 404 403 404", body=EDIT),
    Row("edit foreign", "PUT", "conversations/{OUT_C}", "      404 404 404 404 404 404 404 404 404 403 404", body=EDIT),
    Row("move conversation", "PUT", "conversations/{C}", "     403 403 302 403 403 302 403 302 404 403 403",
        body=EDIT | {"microcosmId": "{X}"}),
    Row("move out of own microcosm", "PUT", "conversations/{CX}", "403 403 302 403 403 302 302 302 404 403 403",
        body=EDIT | {"microcosmId": "{ROOT}"}),
    Row("move to private", "PUT", "conversations/{C}", "       403 403 404 403 403 404 403 302 404 403 403",
        body=EDIT | {"microcosmId": "{Y}"}, target="Y"),
    Row("move own to private", "PUT", "conversations/{CP}", "  403 403 403 403 403 404 403 302 404 403 403",
        body=EDIT | {"microcosmId": "{Y}"}, target="Y"),
    Row("move elsewhere", "PUT", "conversations/{C}", "        403 403 404 403 403 404 403 404 404 403 403",
        body=EDIT | {"microcosmId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("close", "PATCH", "conversations/{C}", "               403 403 200 403 403 200 403 200 404 403 403", body=flag("open", False)),
    Row("close in own microcosm", "PATCH", "conversations/{CX}", "403 403 200 403 403 200 200 200 404 403 403", body=flag("open", False)),
    Row("reopen", "PATCH", "conversations/{CC}", "             403 403 403 403 403 200 403 200 404 403 403", body=flag("open", True)),
    Row("reopen in own microcosm", "PATCH", "conversations/{CXC}", "403 403 403 403 403 200 200 200 404 403 403", body=flag("open", True)),
    Row("pin", "PATCH", "conversations/{C}", "                 403 403 403 403 403 200 403 200 404 403 403", body=flag("sticky", True)),
    Row("pin in own microcosm", "PATCH", "conversations/{CX}", "403 403 403 403 403 200 200 200 404 403 403", body=flag("sticky", True)),
    Row("delete own alone", "DELETE", "conversations/{C}", "   403 403 200 403 403 200 403 200 404 403 403"),
    Row("delete own discussed", "DELETE", "conversations/{CT}", "403 403 403 403 403 200 403 200 404 403 403"),
    Row("delete own closed", "DELETE", "conversations/{CC}", " 403 403 403 403 403 200 403 200 404 403 403"),
    Row("delete in own microcosm", "DELETE", "conversations/{CX}", "403 403 200 403 403 200 200 200 404 403 403"),
    Row("delete by patch in own microcosm", "PATCH", "conversations/{CX}", "403 403 403 403 403 200 200 200 404 403 403",
        body=flag("deleted", True)),
    Row("undelete in own microcosm", "PATCH", "conversations/{CXD}", "404 404 404 404 403 200 200 200 404 403 404",
        body=flag("deleted", False)),
    Row("approve in own microcosm", "PATCH", "conversations/{CXM}", "404 404 403 404 403 200 200 200 404 403 404",
        body=flag("moderated", False)),
    Row("hold back in own microcosm", "PATCH", "conversations/{CX}", "403 403 403 403 403 200 200 200 404 403 403",
        body=flag("moderated", True)),
    Row("delete private", "DELETE", "conversations/{CY}", "    404 404 404 403 404 404 404 200 404 403 404"),
    Row("delete by patch", "PATCH", "conversations/{C}", "     403 403 403 403 403 200 403 200 404 403 403", body=flag("deleted", True)),
    Row("undelete", "PATCH", "conversations/{CD}", "           404 404 404 404 403 200 404 200 404 403 404", body=flag("deleted", False)),
    Row("approve", "PATCH", "conversations/{CM}", "            404 404 403 404 403 200 404 200 404 403 404", body=flag("moderated", False)),
    Row("hold back", "PATCH", "conversations/{C}", "           403 403 403 403 403 200 403 200 404 403 403", body=flag("moderated", True)),
    Row("edit event in own microcosm", "PUT", "events/{EX}", " 403 403 302 403 403 302 302 302 404 403 403", body=EDIT),
    Row("edit event", "PUT", "events/{E}", "                   403 403 302 403 403 302 403 302 404 403 403", body=EDIT),
    Row("edit private event", "PUT", "events/{EY}", "          404 404 404 403 404 404 404 302 404 403 404", body=EDIT),
    Row("close event", "PATCH", "events/{E}", "                403 403 200 403 403 200 403 200 404 403 403", body=flag("open", False)),
    Row("pin event", "PATCH", "events/{E}", "                  403 403 403 403 403 200 403 200 404 403 403", body=flag("sticky", True)),
    Row("undelete event", "PATCH", "events/{ED}", "            404 404 404 404 403 200 404 200 404 403 404", body=flag("deleted", False)),
    Row("delete own event", "DELETE", "events/{E}", "          403 403 200 403 403 200 403 200 404 403 403"),
    Row("delete private event", "DELETE", "events/{EY}", "     404 404 404 403 404 404 404 200 404 403 404"),
    Row("forget an answer", "DELETE", "events/{E}/attendees/{N}", "403 403 200 403 200 200 403 200 404 403 403"),
    Row("forget own answer", "DELETE", "events/{E}/attendees/{SELF}", "- 200 200 200 200 200 200 200 404 403 200", setup="everyone comes"),
    Row("edit poll", "PUT", "polls/{P}", "                     403 403 302 403 403 302 403 302 404 403 403", body=EDIT),
    Row("edit private poll", "PUT", "polls/{PY}", "            404 404 404 403 404 404 404 302 404 403 404", body=EDIT),
    Row("move poll to private", "PUT", "polls/{P}", "          403 403 404 403 403 404 403 302 404 403 403",
        body=EDIT | {"microcosmId": "{Y}"}, target="Y"),
    Row("close poll", "PATCH", "polls/{P}", "                  403 403 200 403 403 200 403 200 404 403 403", body=flag("open", False)),
    Row("pin poll", "PATCH", "polls/{P}", "                    403 403 403 403 403 200 403 200 404 403 403", body=flag("sticky", True)),
    Row("undelete poll", "PATCH", "polls/{PD}", "              404 404 404 404 403 200 404 200 404 403 404", body=flag("deleted", False)),
    Row("delete own poll", "DELETE", "polls/{P}", "            403 403 200 403 403 200 403 200 404 403 403"),
    Row("delete private poll", "DELETE", "polls/{PY}", "       404 404 404 403 404 404 404 200 404 403 404"),
    Row("withdraw vote", "DELETE", "polls/{P}/vote", "         403 200 200 200 200 200 200 200 404 403 200", setup="everyone has voted"),
    Row("withdraw vote in closed", "DELETE", "polls/{PC}/vote", "403 400 400 400 400 400 400 400 404 403 400"),
    Row("withdraw in private", "DELETE", "polls/{PY}/vote", "   404 404 404 403 404 404 404 200 404 403 404", setup="everyone has voted"),
    Row("edit comment", "PUT", "comments/{K}", "               403 403 302 403 403 302 403 302 404 403 403", body=SAY),
    Row("edit comment in own microcosm", "PUT", "comments/{KX}", "403 403 302 403 403 302 302 302 404 403 403", body=SAY),
    Row("delete comment in own microcosm", "DELETE", "comments/{KX}", "403 403 200 403 403 200 200 200 404 403 403"),
    Row("delete comment by patch in own microcosm", "PATCH", "comments/{KX}", "403 403 403 403 403 200 200 200 404 403 403",
        body=flag("deleted", True)),
    Row("undelete comment in own microcosm", "PATCH", "comments/{KXD}", "404 404 404 404 403 200 200 200 404 403 404",
        body=flag("deleted", False)),
    Row("approve comment in own microcosm", "PATCH", "comments/{KXM}", "404 404 403 404 403 200 200 200 404 403 404",
        body=flag("moderated", False)),
    Row("edit private comment", "PUT", "comments/{KY}", "      404 404 404 403 404 404 404 302 404 403 404", body=SAY),
    Row("edit foreign comment", "PUT", "comments/{OUT_K}", "   404 404 404 404 404 404 404 404 404 403 404", body=SAY),
    Row("delete comment", "DELETE", "comments/{K}", "          403 403 200 403 403 200 403 200 404 403 403"),
    Row("delete comment in closed", "DELETE", "comments/{KC}", "403 403 403 403 403 200 403 200 404 403 403"),
    Row("delete private comment", "DELETE", "comments/{KY}", " 404 404 404 403 404 404 404 200 404 403 404"),
    Row("delete comment by patch", "PATCH", "comments/{K}", "  403 403 403 403 403 200 403 200 404 403 403", body=flag("deleted", True)),
    Row("undelete comment", "PATCH", "comments/{KD}", "        404 404 404 404 403 200 404 200 404 403 404", body=flag("deleted", False)),
    Row("approve comment", "PATCH", "comments/{KM}", "         404 404 403 404 403 200 404 200 404 403 404", body=flag("moderated", False)),
    Row("edit biography", "PUT", "comments/{B}", "             403 403 302 403 403 403 403 302 403 403 403", body=SAY),
    Row("delete biography", "DELETE", "comments/{B}", "        403 403 200 403 403 403 403 200 403 403 403"),
    Row("detach", "DELETE", "comments/{K}/attachments/{F}", "  403 403 200 403 200 200 403 200 404 403 403"),
    Row("detach private", "DELETE", "comments/{KY}/attachments/{F}", "404 404 404 403 404 404 404 200 404 403 404"),
    Row("remove avatar", "DELETE", "profiles/{AUT}/attachments/{F}", "403 403 200 403 403 403 403 200 403 403 403"),
    Row("write attributes of site", "PUT", "site/{SITE}/attributes", "403 403 403 403 403 403 403 200 403 403 403", body=ATTRIBUTES),
    Row("write attribute of site", "PUT", "site/{SITE}/attributes/{A}", "403 403 403 403 403 403 403 302 403 403 403", body={"value": 7}),
    Row("delete attributes of site", "DELETE", "site/{SITE}/attributes", "403 403 403 403 403 403 403 200 403 403 403", body=ATTRIBUTES),
    Row("delete attribute of site", "DELETE", "site/{SITE}/attributes/{A}", "403 403 403 403 403 403 403 200 403 403 403"),
    Row("write attributes of microcosm", "PUT", "microcosms/{X}/attributes", "403 403 403 403 403 200 200 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of microcosm", "PUT", "microcosms/{X}/attributes/{A}", "403 403 403 403 403 302 302 302 404 403 403", body={"value": 7}),
    Row("delete attributes of microcosm", "DELETE", "microcosms/{X}/attributes", "403 403 403 403 403 200 200 200 404 403 403", body=ATTRIBUTES),
    Row("delete attribute of microcosm", "DELETE", "microcosms/{X}/attributes/{A}", "403 403 403 403 403 200 200 200 404 403 403"),
    Row("write attributes of private microcosm", "PUT", "microcosms/{Y}/attributes", "404 404 404 403 404 404 404 200 404 403 404", body=ATTRIBUTES),
    Row("write attribute of private microcosm", "PUT", "microcosms/{Y}/attributes/{A}", "404 404 404 403 404 404 404 302 404 403 404", body={"value": 7}),
    Row("delete attributes of private microcosm", "DELETE", "microcosms/{Y}/attributes", "404 404 404 403 404 404 404 200 404 403 404", body=ATTRIBUTES),
    Row("delete attribute of private microcosm", "DELETE", "microcosms/{Y}/attributes/{A}", "404 404 404 403 404 404 404 200 404 403 404"),
    Row("write attributes of event", "PUT", "events/{E}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of event", "PUT", "events/{E}/attributes/{A}", "403 403 302 403 403 302 403 302 404 403 403", body={"value": 7}),
    Row("delete attributes of event", "DELETE", "events/{E}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("delete attribute of event", "DELETE", "events/{E}/attributes/{A}", "403 403 200 403 403 200 403 200 404 403 403"),
    Row("write attributes of poll", "PUT", "polls/{P}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of poll", "PUT", "polls/{P}/attributes/{A}", "403 403 302 403 403 302 403 302 404 403 403", body={"value": 7}),
    Row("delete attributes of poll", "DELETE", "polls/{P}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("delete attribute of poll", "DELETE", "polls/{P}/attributes/{A}", "403 403 200 403 403 200 403 200 404 403 403"),
    Row("write attributes in own microcosm", "PUT", "conversations/{CX}/attributes", "403 403 200 403 403 200 200 200 404 403 403", body=ATTRIBUTES),
    Row("write attributes of conversation", "PUT", "conversations/{C}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of conversation", "PUT", "conversations/{C}/attributes/{A}", "403 403 302 403 403 302 403 302 404 403 403", body={"value": 7}),
    Row("delete attributes of conversation", "DELETE", "conversations/{C}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("delete attribute of conversation", "DELETE", "conversations/{C}/attributes/{A}", "403 403 200 403 403 200 403 200 404 403 403"),
    Row("write attributes of discussed conversation", "PUT", "conversations/{CT}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of discussed conversation", "PUT", "conversations/{CT}/attributes/{A}", "403 403 302 403 403 302 403 302 404 403 403", body={"value": 7}),
    Row("write attributes of comment", "PUT", "comments/{K}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("write attribute of comment", "PUT", "comments/{K}/attributes/{A}", "403 403 302 403 403 302 403 302 404 403 403", body={"value": 7}),
    Row("delete attributes of comment", "DELETE", "comments/{K}/attributes", "403 403 200 403 403 200 403 200 404 403 403", body=ATTRIBUTES),
    Row("delete attribute of comment", "DELETE", "comments/{K}/attributes/{A}", "403 403 200 403 403 200 403 200 404 403 403"),
    Row("write attributes of profile", "PUT", "profiles/{AUT}/attributes", "403 403 200 403 403 403 403 200 403 403 403", body=ATTRIBUTES),
    Row("write attribute of profile", "PUT", "profiles/{AUT}/attributes/{A}", "403 403 302 403 403 403 403 302 403 403 403", body={"value": 7}),
    Row("delete attributes of profile", "DELETE", "profiles/{AUT}/attributes", "403 403 403 403 403 403 403 200 403 403 403", body=ATTRIBUTES),
    Row("delete attribute of profile", "DELETE", "profiles/{AUT}/attributes/{A}", "403 403 200 403 403 403 403 200 403 403 403"),
    Row("write attributes of foreign profile", "PUT", "profiles/{OUT_P}/attributes", "404 404 404 404 404 404 404 404 404 403 404", body=ATTRIBUTES),
    Row("write attribute of foreign profile", "PUT", "profiles/{OUT_P}/attributes/{A}", "404 404 404 404 404 404 404 404 404 403 404", body={"value": 7}),
    Row("delete attributes of foreign profile", "DELETE", "profiles/{OUT_P}/attributes", "404 404 404 404 404 404 404 404 404 403 404", body=ATTRIBUTES),
    Row("delete attribute of foreign profile", "DELETE", "profiles/{OUT_P}/attributes/{A}", "404 404 404 404 404 404 404 404 404 403 404"),
    Row("edit microcosm", "PUT", "microcosms/{X}", "           403 403 403 403 403 302 302 302 404 403 403", body=EDIT),
    Row("edit microcosm below", "PUT", "microcosms/{XC}", "    403 403 403 403 403 302 403 302 404 403 403", body=EDIT),
    Row("edit private microcosm", "PUT", "microcosms/{Y}", "   404 404 404 403 404 404 404 302 404 403 404", body=EDIT),
    Row("edit foreign microcosm", "PUT", "microcosms/{OUT_ROOT}", "404 404 404 404 404 404 404 404 404 403 404", body=EDIT),
    Row("close microcosm", "PATCH", "microcosms/{X}", "        403 403 403 403 403 200 200 200 404 403 403", body=flag("open", False)),
    Row("pin microcosm", "PATCH", "microcosms/{X}", "          403 403 403 403 403 200 200 200 404 403 403", body=flag("sticky", True)),
    Row("hold back microcosm", "PATCH", "microcosms/{X}", "    403 403 403 403 403 200 200 200 404 403 403", body=flag("moderated", True)),
    Row("delete microcosm by patch", "PATCH", "microcosms/{X}", "403 403 403 403 403 200 200 200 404 403 403", body=flag("deleted", True)),
    Row("undelete microcosm", "PATCH", "microcosms/{XD}", "    404 404 404 404 403 200 404 200 404 403 404", body=flag("deleted", False)),
    Row("delete microcosm", "DELETE", "microcosms/{X}", "      403 403 403 403 403 200 200 200 404 403 403"),
    Row("delete microcosm below", "DELETE", "microcosms/{XC}", "403 403 403 403 403 200 403 200 404 403 403"),
    Row("delete private microcosm", "DELETE", "microcosms/{Y}", "404 404 404 403 404 404 404 200 404 403 404"),
    Row("move microcosm", "PUT", "microcosms/{XC}", "          403 403 403 403 403 302 403 302 404 403 403",
        body=EDIT | {"parentId": "{ROOT}"}),
    Row("move microcosm to private", "PUT", "microcosms/{XC}", "403 403 403 403 403 404 403 302 404 403 403",
        body=EDIT | {"parentId": "{Y}"}, target="Y"),
    Row("move microcosm elsewhere", "PUT", "microcosms/{XC}", "403 403 403 403 403 404 403 404 404 403 403",
        body=EDIT | {"parentId": "{OUT_ROOT}"}, target="OUT_ROOT"),
    Row("edit profile", "PUT", "profiles/{AUT}", "             403 403 302 403 403 403 403 302 403 403 403", body={"profileName": "renamed"}),
    Row("edit own profile", "PUT", "profiles/{SELF}", "        -   302 302 302 302 302 302 302 302 403 302", body={"profileName": "renamed"}),
    Row("edit foreign profile", "PUT", "profiles/{OUT_P}", "   404 404 404 404 404 404 404 404 404 403 404", body={"profileName": "renamed"}),
    Row("invite", "PUT", "huddles/{H}/participants", "         404 302 302 404 404 404 404 404 302 403 404", body=[{"id": "{N}"}]),
    Row("invite one", "PUT", "huddles/{H}/participants/{N}", " 404 302 302 404 404 404 404 404 302 403 404"),
    Row("invite in confidence", "PUT", "huddles/{HC}/participants", "404 403 302 404 404 404 404 404 403 403 404", body=[{"id": "{N}"}]),
    Row("invite one in confidence", "PUT", "huddles/{HC}/participants/{N}", "404 403 302 404 404 404 404 404 403 403 404"),
    Row("leave huddle", "DELETE", "huddles/{H}", "             404 200 200 404 404 404 404 404 200 403 404"),
    Row("leave as participant", "DELETE", "huddles/{H}/participants/{SELF}", "- 200 200 404 404 404 404 404 200 403 404"),
    Row("put out of huddle", "DELETE", "huddles/{H}/participants/{AUT}", "404 403 200 404 404 404 404 404 403 403 404"),
    Row("edit in huddle", "PUT", "comments/{KH}", "            404 403 302 404 404 404 404 404 403 403 404", body={"markdown": "Edited"}),
    Row("delete in huddle by patch", "PATCH", "comments/{KH}", "404 403 403 404 404 404 404 404 403 403 404", body=flag("deleted", True)),
    Row("delete in huddle", "DELETE", "comments/{KH}", "       404 403 403 404 404 404 404 404 403 403 404"),
    Row("member mark", "PATCH", "profiles/{AUT}", "            403 403 403 403 403 403 403 200 403 403 403",
        body=[{"op": "replace", "path": "/member", "value": True}]),
    Row("own member mark", "PATCH", "profiles/{SELF}", "       -   403 403 403 403 403 403 200 403 403 403",
        body=[{"op": "replace", "path": "/member", "value": True}]),
    Row("options", "PUT", "profiles/options", "                403 302 302 302 302 302 302 302 302 403 302", body={"sendEmail": False}),
    Row("mark all read", "PUT", "profiles/read", "             403 200 200 200 200 200 200 200 200 403 200", body={"itemType": "site", "itemId": "{SITE}"}),
    Row("mark one read", "PUT", "profiles/read", "             403 200 200 200 200 200 200 200 200 403 200", body={"itemType": "conversation", "itemId": "{C}"}),
    Row("ignore", "PUT", "ignored", "                          403 200 200 200 200 200 200 200 200 403 200", body={"itemType": "conversation", "itemId": "{C}"}),
    Row("see again", "DELETE", "ignored", "                    403 200 200 200 200 200 200 200 200 403 200",
        body={"itemType": "profile", "itemId": "{N}"}, setup="everyone watches and ignores"),
    Row("end mail", "POST", "unsubscribe/{MT}", "              200 200 200 200 200 200 200 200 200 200 200", body={}),
    Row("get push messages", "POST", "updates/push", "         403 302 302 302 302 302 302 302 302 403 302", body=BROWSER),
    Row("end push messages", "DELETE", "updates/push/{PU}", "  403 404 200 404 404 404 404 404 404 403 404"),
    Row("flags of watched", "PATCH", "watchers/patch", "       403 200 200 200 200 200 200 200 200 403 200",
        body={"itemType": "profile", "itemId": "{N}", "sendEmail": True}, setup="everyone watches and ignores"),
    Row("same by the other", "PATCH", "watchers/delete", "     403 200 200 200 200 200 200 200 200 403 200",
        body={"itemType": "profile", "itemId": "{N}", "sendEmail": True}, setup="everyone watches and ignores"),
    Row("stop watching", "DELETE", "watchers/delete?itemType=profile&itemId={N}", "403 200 200 200 200 200 200 200 200 403 200",
        setup="everyone watches and ignores"),
    Row("same by the other", "DELETE", "watchers/patch?itemType=profile&itemId={N}", "403 200 200 200 200 200 200 200 200 403 200",
        setup="everyone watches and ignores"),
    Row("flags of watcher", "PATCH", "watchers/{W}", "         403 404 200 404 404 404 404 404 404 403 404", body={"sendEmail": True}),
    Row("delete watcher", "DELETE", "watchers/{W}", "          403 404 200 404 404 404 404 404 404 403 404"),
    Row("view update", "PATCH", "updates/{U}", "               403 404 200 404 404 404 404 404 404 403 404",
        body=[{"op": "replace", "path": "/viewed", "value": True}]),
    Row("preference", "PUT", "updates/preferences/{T}", "      403 302 302 302 302 302 302 302 302 403 302", body={"sendEmail": True}),
    Row("edit role", "PUT", "microcosms/{X}/roles/{R}", "      403 403 403 403 302 302 302 302 404 403 403", body={"title": "Edited"}),
    Row("patch role", "PATCH", "microcosms/{X}/roles/{R}", "   403 403 403 403 200 200 200 200 404 403 403", body=RIGHT),
    Row("delete role", "DELETE", "microcosms/{X}/roles/{R}", " 403 403 403 403 200 200 200 200 404 403 403"),
    Row("edit role below", "PUT", "microcosms/{XC}/roles/{R}", "403 403 403 403 404 404 403 404 404 403 403", body={"title": "Edited"}, target="R"),
    Row("edit private role", "PUT", "microcosms/{Y}/roles/{RY}", "404 404 404 403 404 404 404 302 404 403 404", body={"title": "Edited"}),
    Row("edit criterion", "PUT", "microcosms/{X}/roles/{R}/criteria/{RC}", "403 403 403 403 302 302 302 302 404 403 403", body={"value": 7}),
    Row("delete criterion", "DELETE", "microcosms/{X}/roles/{R}/criteria/{RC}", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("delete criteria", "DELETE", "microcosms/{X}/roles/{R}/criteria", "403 403 403 403 200 200 200 200 404 403 403", body=[]),
    Row("unname", "DELETE", "microcosms/{X}/roles/{R}/profiles", "403 403 403 403 200 200 200 200 404 403 403", body=[]),
    Row("unname one", "DELETE", "microcosms/{X}/roles/{R}/profiles/{N}", "403 403 403 403 200 200 200 200 404 403 403"),
    Row("edit default role", "PUT", "roles/{RB}", "            403 403 403 403 403 403 403 302 403 403 403", body={"title": "Edited"}),
    Row("patch default role", "PATCH", "roles/{RB}", "         403 403 403 403 403 403 403 200 403 403 403", body=RIGHT),
    Row("delete default role", "DELETE", "roles/{RB}", "       403 403 403 403 403 403 403 200 403 403 403"),
    Row("unname by default", "DELETE", "roles/{RB}/profiles", "403 403 403 403 403 403 403 200 403 403 403", body=[]),
    Row("unname one by default", "DELETE", "roles/{RB}/profiles/{N}", "403 403 403 403 403 403 403 200 403 403 403"),
    Row("edit default criterion", "PUT", "roles/{RB}/criteria/{RBC}", "403 403 403 403 403 403 403 302 403 403 403", body={"value": 7}),
    Row("delete default criterion", "DELETE", "roles/{RB}/criteria/{RBC}", "403 403 403 403 403 403 403 200 403 403 403"),
    Row("delete default criteria", "DELETE", "roles/{RB}/criteria", "403 403 403 403 403 403 403 200 403 403 403", body=[]),
    Row("foreign default role", "PUT", "roles/{OUT_R}", "       403 403 403 403 403 403 403 404 403 403 403", body={"title": "Edited"}),
    Row("edit webhook", "PUT", "webhooks/{WH}", "              403 403 403 403 403 403 403 302 403 403 403",
        body={"url": "https://example.org/other"}),
    Row("switch webhook off", "PATCH", "webhooks/{WH}", "      403 403 403 403 403 403 403 200 403 403 403",
        body=[{"op": "replace", "path": "/active", "value": False}]),
    Row("delete webhook", "DELETE", "webhooks/{WH}", "         403 403 403 403 403 403 403 200 403 403 403"),
    Row("lift ban", "DELETE", "bans/{BAN}", "                  403 403 403 403 403 403 403 200 403 403 403"),
    Row("site settings", "PUT", "site", "                      403 403 403 403 403 403 403 302 403 403 403", body={"title": "Edited"}),
    Row("menu", "PUT", "site/menu", "                          403 403 403 403 403 403 403 200 403 403 403", body=[{"href": "/x", "text": "X"}]),
    Row("empty menu", "DELETE", "site/menu", "                 403 403 403 403 403 403 403 200 403 403 403"),
    Row("sign somebody out", "DELETE", "auth/{TOKEN}", "       200 200 200 200 200 200 200 200 200 403 200"),
    Row("metrics of today", "PUT", "metrics", "                403 403 403 403 403 403 403 403 403 403 403", host="root"),
    Row("settings elsewhere", "PUT", "sites/{SITE}", "         403 403 403 403 403 403 403 302 403 403 403", body={"title": "Edited"}, host="root"),
    Row("menu elsewhere", "PUT", "sites/{SITE}/menu", "        403 403 403 403 403 403 403 200 403 403 403", body=[{"href": "/x", "text": "X"}], host="root"),
    Row("empty menu elsewhere", "DELETE", "sites/{SITE}/menu", "403 403 403 403 403 403 403 200 403 403 403", host="root"),
    Row("site of another", "PUT", "sites/{OUT_SITE}", "        403 403 403 403 403 403 403 403 403 403 403", body={"title": "Edited"}, host="root"),
]

# fmt: on

ROWS = [*READING, *CREATING, *CHANGING]


@dataclass(frozen=True)
class Flags:
    """A question to `/permission`, and the letters of the booleans that are true for each of PEOPLE.

    C create, R read, U update, D delete, k closeOwn, o openOwn, r readOthers, m moderator, w owner, s siteOwner, g guest,
    b banned; `.` for none, `-` where the question makes no sense. The banned do not get past the door, so their cells
    are asked of the function behind it.
    """

    name: str
    query: str
    letters: str
    setup: str = ""

    @property
    def expected(self) -> dict[str, str]:
        """The letters for each person the row asks about, sorted."""
        pairs = zip(PEOPLE, self.letters.split(), strict=True)
        return {person: "".join(sorted(letters.strip("."))) for person, letters in pairs if letters != "-"}


# fmt: off
FLAGS = [
    #                                                            GUE  MEM    AUT    PRV    MO0    MO1       MCO       SO          BRO    BAN OUT
    # permissions.md 2.1
    Flags("site", "itemType=site", "                             Rg   R      R      R      R      R         R         CRUDmws     R      Rb  R"),
    Flags("site, all may create", "itemType=site", "             Rg   CR     CR     CR     CR     CR        CR        CRUDmws     CR     Rb  CR", setup="everyone creates"),
    # 2.2
    Flags("root", "itemType=microcosm&itemId={ROOT}", "          Rg   CRkr   CRkr   CRkr   CRkrm  CRkr      CRkr      CRUDkormws  CRkr   b   CRkr"),
    Flags("X", "itemType=microcosm&itemId={X}", "                Rg   CRkr   CRkr   CRkr   CRkrm  CRUDkorm  CRUDkormw CRUDkorms   b      b   CRkr"),
    Flags("child of X", "itemType=microcosm&itemId={XP}", "      Rg   CRkr   CRkr   CRkr   CRkrm  CRUDkorm  CRkr      CRUDkormws  b      b   CRkr"),
    Flags("Y", "itemType=microcosm&itemId={Y}", "                g    .      .      R      m      .         .         CRUDkormws  .      b   ."),
    Flags("no microcosm", "itemType=microcosm&itemId=999999999", "g   .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("foreign root", "itemType=microcosm&itemId={OUT_ROOT}", "g  .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("microcosms", "itemType=microcosm", "                  g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("only X", "microcosmId={X}", "                         g    .      .      .      m      m         m         ms          b      b   ."),
    Flags("nothing asked", "", "                                 g    .      .      .      .      .         .         .           .      b   ."),
    # 2.3; authors may delete as long as nobody else has spoken (section 4)
    Flags("conversation", "itemType=conversation&itemId={C}", "  Rg   CRkr   CRUDkrw CRkr  CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("discussed", "itemType=conversation&itemId={CT}", "    Rg   CRkr   CRUkrw CRkr   CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("closed", "itemType=conversation&itemId={CC}", "       Rg   CRkr   CRUkrw CRkr   CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("event", "itemType=event&itemId={E}", "                Rg   CRkr   CRUDkrw CRkr  CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("answer", "itemType=attendee&itemId={EAA}", "          Rg   CRkr   CRUDkrw CRkr  CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("answer to own event", "itemType=attendee&itemId={EN}", "Rg CRkr   CRUDkr CRkr   CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("no answer", "itemType=attendee&itemId=999999999", "   g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("events", "itemType=event", "                          g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("poll", "itemType=poll&itemId={P}", "                  Rg   CRkr   CRUDkrw CRkr  CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("polls", "itemType=poll", "                            g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("comment", "itemType=comment&itemId={K}", "            Rg   CRkr   CRUDkrw CRkr  CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("comment in closed", "itemType=comment&itemId={KC}", " Rg   CRkr   CRUkrw CRkr   CRkrm  CRUDkorm  CRkr      CRUDkorms   b      b   CRkr"),
    Flags("conversations", "itemType=conversation", "            g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("no conversation", "itemType=conversation&itemId=999999999", "g .  .     .      .      .         .         CRUDkorms   .      b   ."),
    Flags("own where banned", "itemType=conversation&itemId={CB}", "Rg CRkr  CRkr   CRkr   CRkrm  CRUDkorm  CRUDkorm  CRUDkorms   b      b   CRkr"),
    Flags("private", "itemType=conversation&itemId={CY}", "      g    .      .      R      m      .         .         CRUDkormws  .      b   ."),
    # 2.4
    Flags("own profile", "itemType=profile&itemId={SELF}", "     -    CRUw   CRUw   CRUw   CRUw   CRUw      CRUw      CRUDmws     CRUw   Rb  CRUw"),
    Flags("profile", "itemType=profile&itemId={AUT}", "          Rg   R      CRUw   R      R      R         R         CRUDms      R      b   R"),
    Flags("people", "itemType=profile", "                        Rg   R      R      R      R      R         R         CRUDms      R      b   R"),
    Flags("biography", "itemType=comment&itemId={B}", "          Rg   R      CRUDw  R      R      R         R         CRUDms      R      b   R"),
    Flags("huddle", "itemType=huddle&itemId={H}", "              g    CRUD   CRUDw  .      .      .         .         ms          CRUD   b   ."),
    Flags("comment in huddle", "itemType=comment&itemId={KH}", " g    R      CRUw   .      .      .         .         ms          R      b   ."),
    Flags("huddles", "itemType=huddle", "                        g    C      C      C      C      C         C         Cms         C      b   C"),
    Flags("user", "itemType=user&itemId={AUT_U}", "              g    .      Rw     .      .      .         .         Rms         .      b   ."),
    Flags("update", "itemType=update&itemId={U}", "              g    .      RUDw   .      .      .         .         ms          .      b   ."),
    Flags("type of updates", "itemType=update_type&itemId={T}", "g    .      .      .      .      .         .         ms          .      b   ."),
    Flags("role", "itemType=role&itemId={R}", "                  g    .      .      .      .      .         .         CRUDkorms   .      b   ."),
    Flags("watcher", "itemType=watcher&itemId={W}", "            g    .      CRUDw  .      .      .         .         CRUDms      .      b   ."),
]
# fmt: on
