"""Bodies, inputs, paging and patches below HTTP (contract A 2.5 to 2.7, A 6)."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from django.http import QueryDict

from apps.core.errors import ApiError, OutOfRange, TooLarge, Unimplemented, UnknownBodyType, UnreadableBody, WrongType
from apps.core.pagination import Paging, RequestUrl, collection
from apps.core.parsing import BodyParser, FormBody
from apps.core.patching import read_patch
from apps.core.serializers import Flag, Input, Text, Whole


def parse(body: bytes, content_type: str = "application/json", query: str = "") -> Any:
    """What a view finds in `request.data`."""
    request = SimpleNamespace(META={"CONTENT_TYPE": content_type, "QUERY_STRING": query})
    return BodyParser().parse(io.BytesIO(body), parser_context={"request": request})


class Inner(Input):
    """A nested object."""

    editReason = Text(required=False)


class Sample(Input):
    """An object of a body."""

    title = Text(required=False)
    siteId = Whole(required=False)
    isOpen = Flag(required=False)
    meta = Inner(required=False)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_by_its_type(kind: str) -> None:
    assert parse(b'{"a": [1, "\xc3\xa9"]}', kind) == {"a": [1, "é"]}


@pytest.mark.parametrize(
    "kind", ["", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=x"]
)
def test_a_form_by_its_type_or_none(kind: str) -> None:
    assert parse(b"Title=a+b&SiteId=1", kind) == {"Title": "a b", "SiteId": "1"}


def test_query_parameters_count_as_form_values_and_the_body_wins() -> None:
    assert parse(b"Title=body", "", "Title=query&Other=1") == {"Title": "body", "Other": "1"}


def test_the_last_value_of_a_name_counts_and_blank_ones_are_kept() -> None:
    assert parse(b"Title=a&Title=b&SiteId=", "", "Title=c") == {"Title": "b", "SiteId": ""}


@pytest.mark.parametrize("form", [b"Title=%ff", b"Title=\xff", b"%ff=x", b"Title=%ED%A0%80", b"Title=%C0%80"])
def test_a_form_that_is_no_utf_8_is_refused_and_not_stored_as_something_else(form: bytes) -> None:
    for body, query in ((form, ""), (b"", form.decode("latin-1"))):
        with pytest.raises(UnreadableBody):
            parse(body, "", query)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data", "application/jsonx"])
def test_another_type_is_refused(kind: str) -> None:
    with pytest.raises(UnknownBodyType):
        parse(b"{}", kind)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'a': 1}", b"\xff", b'{"a": "\\ud800"}', b'{"a": NaN}', b"[1,]", b'"a\nb"', b"\xef\xbb\xbf"]
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(UnreadableBody):
        parse(body)


def test_only_the_first_value_counts() -> None:
    assert parse(b'{"a": 1} {"b": 2}') == {"a": 1}
    assert parse(b"[] trailing") == []


@pytest.mark.parametrize(
    "number", ["0", "-0", "-5", "1.5", "1e3", "9223372036854775807", "18446744073709551615", "18446744073709551616"]
)
def test_a_number_is_the_same_when_more_follows_it(number: str) -> None:
    alone, first = parse(f"[{number}]".encode()), parse(f"[{number}] x".encode())
    assert (first, type(first[0])) == (alone, type(alone[0]))


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "1e400", "-1e400", "9" * 5000])
def test_a_number_that_no_float_holds_is_refused(number: str) -> None:
    for body in (f"[{number}]", f"[{number}] x"):
        with pytest.raises(UnreadableBody):
            parse(body.encode())


def test_a_nul_is_refused_wherever_it_stands() -> None:
    for body in (b'{"a": "x\\u0000"}', b'{"x\\u0000": 1}', b'[["\\u0000"]]'):
        with pytest.raises(OutOfRange):
            parse(body)
    with pytest.raises(OutOfRange):
        parse(b"Title=%00", "")


def test_depth_is_bounded() -> None:
    assert parse(b"[" * 32 + b"]" * 32)
    for depth in (33, 500, 100_000):
        with pytest.raises(ApiError):
            parse(b"[" * depth + b"]" * depth)


def test_size_is_bounded(settings: Any) -> None:
    settings.MAX_BODY_BYTES = 10
    with pytest.raises(TooLarge):
        parse(b'"' + b"x" * 9 + b'"')


def test_names_match_in_any_case_and_unknown_ones_are_ignored() -> None:
    body = {"TITLE": "t", "siteid": 5, "Meta": {"EDITREASON": "why", "created": 1}, "id": 9, "ISOPEN": True}
    assert Sample.read(body) == {"title": "t", "siteId": 5, "meta": {"editReason": "why"}, "isOpen": True}


def test_null_is_absent() -> None:
    assert Sample.read({"title": None, "siteId": None, "meta": None}) == {}


@pytest.mark.parametrize(
    "body",
    [
        {"title": 1},
        {"title": ["x"]},
        {"title": True},
        {"siteId": "1"},
        {"siteId": 1.5},
        {"siteId": True},
        {"isOpen": "true"},
        {"isOpen": 1},
        {"meta": []},
        {"meta": "x"},
        {"meta": {"editReason": 1}},
        [],
        "x",
        1,
    ],
)
def test_a_wrong_type_is_told_with_code_3(body: Any) -> None:
    with pytest.raises(WrongType):
        Sample.read(body)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**400])
def test_a_number_beyond_64_bits_is_out_of_range(number: int) -> None:
    with pytest.raises(OutOfRange):
        Sample.read({"siteId": number})


def test_a_form_sends_digits_and_words_for_true() -> None:
    assert Sample.read(FormBody(Title="x", SiteId="7", IsOpen="on")) == {"title": "x", "siteId": 7, "isOpen": True}
    assert Sample.read(FormBody(IsOpen="nope")) == {}


def page(query: str) -> Paging:
    """The paging of a query string."""
    return Paging.of(QueryDict(query))


def test_paging_has_defaults_and_blank_is_absent() -> None:
    assert page("") == page("limit=&offset=") == Paging(limit=25, offset=0)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-5",
        "limit=7",
        "limit=255",
        "offset=-25",
        "offset=10",
        "limit=10&offset=25",
        "offset=1000000000000000000000000",
        "offset=9007199254740993000",
    ],
)
def test_paging_out_of_range(query: str) -> None:
    with pytest.raises(OutOfRange):
        page(query)


@pytest.mark.parametrize("query", ["limit=abc", "limit=1.5", "offset=x", "limit=²", "limit=0x10", "offset=+"])
def test_paging_of_wrong_type(query: str) -> None:
    with pytest.raises(WrongType):
        page(query)


def url(target: str) -> RequestUrl:
    """The request URL of a path and query."""
    path, _, query = target.partition("?")
    return RequestUrl.of(SimpleNamespace(GET=QueryDict(query), path=path, META={"QUERY_STRING": query}))  # type: ignore[arg-type]


def links(total: int, target: str) -> dict[str, tuple[str, str]]:
    """rel -> (href, title) of the links of a page."""
    query = QueryDict(target.partition("?")[2])
    shape = collection(paging=Paging.of(query), total=total, items=[], type="x", url=url(target))
    return {link["rel"]: (link["href"], link["title"]) for link in shape["links"]}


def test_links_of_one_page() -> None:
    assert links(5, "/api/v1/x") == {"self": ("/api/v1/x", "1")}


def test_two_pages_have_next_but_no_last() -> None:
    assert links(26, "/api/v1/x") == {"self": ("/api/v1/x", "1"), "next": ("/api/v1/x?offset=25", "2")}


def test_links_in_the_middle() -> None:
    assert links(250, "/x?q=b&offset=50&a=1&limit=10") == {
        "first": ("/x?a=1&limit=10&q=b", "1"),
        "prev": ("/x?a=1&limit=10&offset=40&q=b", "5"),
        "self": ("/x?q=b&offset=50&a=1&limit=10", "6"),
        "next": ("/x?a=1&limit=10&offset=60&q=b", "7"),
        "last": ("/x?a=1&limit=10&offset=240&q=b", "25"),
    }


def test_second_page_goes_back_to_the_bare_address() -> None:
    found = links(250, "/x?offset=25")
    assert "first" not in found
    assert found["prev"] == ("/x", "1")


def test_self_on_page_one_is_sorted_and_valueless_parameters_get_their_sign() -> None:
    assert links(5, "/x?b&a=2&a=1") == {"self": ("/x?a=2&a=1&b=", "1")}


def test_a_token_never_comes_back() -> None:
    found = links(250, "/x?z=1&access_token=secret&offset=50")
    assert found["self"] == ("/x?offset=50&z=1", "3")
    assert "secret" not in str(found)


def test_an_empty_collection() -> None:
    shape = collection(paging=Paging(25, 0), total=0, items=[], type="x", url=url("/x"))
    assert (shape["maxOffset"], shape["totalPages"], shape["page"], shape["items"]) == (0, 0, 1, [])
    with pytest.raises(OutOfRange):
        collection(paging=Paging(25, 25), total=25, items=[], type="x", url=url("/x"))


PATHS = ("/meta/flags/open",)
GOOD = {"op": "replace", "path": "/meta/flags/open", "value": True}


def test_a_patch_is_read() -> None:
    assert [(r.path, r.value) for r in read_patch([GOOD, GOOD | {"value": False}], paths=PATHS)] == [
        ("/meta/flags/open", True),
        ("/meta/flags/open", False),
    ]


@pytest.mark.parametrize(
    "patch",
    [
        [],
        {},
        "x",
        [1],
        [{}],
        [{"op": "replace"}],
        [GOOD | {"value": None}],
        [GOOD | {"value": "true"}],
        [GOOD | {"value": 1}],
        [GOOD | {"path": "/x"}],
        [GOOD | {"path": ""}],
        [GOOD | {"op": "explode"}],
        [GOOD | {"op": None}],
        [GOOD] * 51,
        [{"op": "add", "path": "/x"}],
        [GOOD, GOOD | {"path": 5}],
    ],
)
def test_a_bad_patch_is_refused_as_a_whole(patch: Any) -> None:
    with pytest.raises(ApiError) as caught:
        read_patch(patch, paths=PATHS)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/x", "value": 1},
        {"op": "remove", "path": "/x"},
        {"op": "test", "path": "/x", "value": 1},
        {"op": "move", "path": "/x", "from": "/y"},
        {"op": "copy", "path": "/x", "from": "/y"},
    ],
)
def test_other_operations_are_unimplemented(operation: dict[str, Any]) -> None:
    with pytest.raises(Unimplemented):
        read_patch([operation], paths=PATHS)


def test_the_fields_of_a_form_are_bounded() -> None:
    assert len(parse(b"&".join(b"f%d=1" % n for n in range(200)), "")) == 200
    with pytest.raises(OutOfRange):
        parse(b"&".join(b"f%d=1" % n for n in range(201)), "")
