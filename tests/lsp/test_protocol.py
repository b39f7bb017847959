"""What is no ordinary message: the server answers what is to be answered, and stays right."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conftest import Client

HEADER = "# blankcheck: course/sums.md#add01\n"
ENDLESS = HEADER + "total = 5\nwhile True:\n    pass\n"


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


COURSES = b'{"jsonrpc": "2.0", "id": 900, "method": "blankcheck/courses", "params": {}}'


async def alive(client: Client) -> bool:
    """Whether the server still answers."""
    tree = await client.request("blankcheck/courses", {})
    return bool(tree["courses"])


def answers(client: Client, since: int = 0) -> list[dict[str, Any]]:
    """What the server has answered; it may ask for something of its own meanwhile."""
    return [message for message in client.messages[since:] if "method" not in message]


def codes(client: Client, since: int = 0) -> list[int | None]:
    """The codes of the errors that it has answered with; null for what is none."""
    return [message.get("error", {}).get("code") for message in answers(client, since)]


async def refused(client: Client, since: int) -> dict[str, Any]:
    """The error that answers what was no request."""
    message = await client.wait(lambda m: "error" in m and m["id"] is None, since)
    return message["error"]


async def test_an_unknown_method_is_an_error(client: Client) -> None:
    assert (await client.refusal("blankcheck/nothing", {})).code == -32601
    assert await alive(client)


async def test_a_notification_with_an_id_is_an_error(client: Client) -> None:
    uri = client.open("a.py", HEADER + "x = ___\n")
    for method, params in (
        ("initialized", {}),
        ("textDocument/didClose", {"textDocument": {"uri": uri}}),
    ):
        assert (await client.refusal(method, params)).code == -32600
    assert (await client.check(uri))["verdict"] == "incomplete"


async def test_positions_are_utf16_whatever_the_client_prefers(raw: Client) -> None:
    result = await raw.initialize()
    assert result["capabilities"].get("positionEncoding", "utf-16") == "utf-16"


async def test_a_second_initialize_is_refused_and_loses_nothing(client: Client) -> None:
    uri = client.open("a.py", HEADER + "x = ___\n")
    refusal = await client.refusal("initialize", {"processId": None, "capabilities": {}})
    assert refusal.code == -32600
    assert (await client.check(uri))["verdict"] == "incomplete"


async def test_requests_before_initialize_are_refused(raw: Client) -> None:
    assert (await raw.refusal("blankcheck/courses", {})).code == -32002
    await raw.initialize()
    assert await alive(raw)


async def test_requests_after_shutdown_are_refused(client: Client) -> None:
    await client.request("shutdown", None)
    assert (await client.refusal("blankcheck/courses", {})).code == -32600
    client.notify("exit", None)
    assert await asyncio.wait_for(client.process.wait(), 20) == 0


async def test_wrong_params_are_an_error(client: Client) -> None:
    wrong: tuple[tuple[str, Any], ...] = (
        ("blankcheck/check", None),
        ("blankcheck/check", {"textDocument": {"uri": 7}}),
        ("blankcheck/check", {"textDocument": {"uri": "file:///a.py", "version": "1"}}),
        ("blankcheck/start", {"chapter": "file:///a.md"}),
        ("textDocument/hover", {"textDocument": 3}),
    )
    for method, params in wrong:
        refusal = await client.refusal(method, params)
        assert refusal.code == -32602
        assert "Traceback" not in str(refusal.error)
    assert await alive(client)


async def test_a_document_that_is_not_open_is_an_error(client: Client) -> None:
    asked = {"textDocument": {"uri": "file:///nowhere.py"}}
    assert (await client.refusal("blankcheck/check", asked)).code == -32011
    hover = {**asked, "position": {"line": 0, "character": 0}}
    assert await client.request("textDocument/hover", hover) is None


async def test_what_is_no_message_is_answered(client: Client) -> None:
    for body, code in (
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'{"id": 1}', -32600),
    ):
        since = len(client.messages)
        client.write(frame(body))
        assert (await refused(client, since))["code"] == code
    assert await alive(client)


async def test_messages_may_come_in_pieces_and_together(client: Client) -> None:
    body = b'{"jsonrpc": "2.0", "id": 901, "method": "blankcheck/courses", "params": {}}'
    other = body.replace(b"901", b"902")
    data = frame(body) + frame(other)
    for place in range(0, len(data), 7):
        client.write(data[place : place + 7])
        assert client.process.stdin
        await client.process.stdin.drain()
    assert await client.answer(901) == await client.answer(902)


async def test_nothing_pops_up(client: Client) -> None:
    client.write(frame(b"{"))
    await client.refusal("blankcheck/check", None)
    client.notify("textDocument/didChange", {"textDocument": {"uri": "file:///x", "version": 2}})
    await alive(client)
    assert not any(m.get("method") == "window/showMessage" for m in client.messages)


async def test_notifications_before_initialize_do_nothing(raw: Client) -> None:
    uri = raw.open("a.py", HEADER + "x = ___\n")
    raw.notify("initialized", {})
    raw.notify("blankcheck/trust", {"trusted": True})
    await raw.initialize(trusted=False)
    assert (await raw.refusal("blankcheck/check", {"textDocument": {"uri": uri}})).code == -32011
    assert (await raw.request("blankcheck/info", {}))["trusted"] is False


async def test_notifications_after_shutdown_do_nothing(client: Client) -> None:
    await client.request("shutdown", None)
    since = len(client.messages)
    client.open("a.py", HEADER + "x = ___\n")
    client.notify("initialized", {})
    assert (await client.refusal("shutdown", None)).code == -32600
    assert len(answers(client, since)) == 1


async def test_an_unknown_notification_is_ignored_and_a_request_is_an_error(
    client: Client,
) -> None:
    since = len(client.messages)
    for method in ("$/unknown", "$/logTrace", "textDocument/unknown", "blankcheck/unknown"):
        client.notify(method, {"a": 1})
        client.notify(method, [None])
    assert (await client.refusal("$/unknown", {})).code == -32601
    assert len(answers(client, since)) == 1
    client.notify("$/setTrace", {"value": "verbose"})
    assert await alive(client)


async def test_cancelling_nothing_changes_nothing(client: Client) -> None:
    done = client.ask("blankcheck/courses", {})
    await client.answer(done)
    since = len(client.messages)
    odd: tuple[Any, ...] = (done, 987, "987", "", -1, None, 1.5, [], {"id": done}, True)
    for id in odd:
        client.notify("$/cancelRequest", {"id": id})
    client.notify("$/cancelRequest", {})
    client.notify("$/cancelRequest", None)
    client.notify("window/workDoneProgress/cancel", {"token": "nothing"})
    assert await alive(client)
    assert len(answers(client, since)) == 1


async def test_an_answer_to_what_was_not_asked_is_ignored(client: Client) -> None:
    since = len(client.messages)
    odd: tuple[Any, ...] = (987, "987", None, 1.5, True, [])
    for id in odd:
        client.send(id=id, result=None)
        client.send(id=id, error={"code": -32600, "message": "No."})
    client.send(id=987)
    client.send(id=987, error="No.")
    assert await alive(client)
    assert len(answers(client, since)) == 1


async def test_an_answer_with_the_id_of_a_clients_own_request_does_not_touch_it(
    client: Client,
) -> None:
    uri = client.open("a.py", ENDLESS)
    id = client.ask("blankcheck/check", {"textDocument": {"uri": uri}})
    client.send(id=id, result={"verdict": "passed"})
    client.send(id=id, error={"code": -32600, "message": "No."})
    assert await alive(client)
    client.notify("$/cancelRequest", {"id": id})
    answer = await client.wait(lambda m: m.get("id") == id)
    assert answer["error"]["code"] == -32800


async def test_an_id_that_is_taken_is_refused_and_the_first_request_goes_on(
    client: Client,
) -> None:
    uri = client.open("a.py", ENDLESS)
    id = client.ask("blankcheck/check", {"textDocument": {"uri": uri}})
    client.send(id=id, method="blankcheck/courses", params={})
    client.send(id=id, method="blankcheck/check", params={"textDocument": {"uri": uri}})
    assert await alive(client)
    client.notify("$/cancelRequest", {"id": id})
    await client.wait(lambda m: m.get("error", {}).get("code") == -32800)
    told = [m["error"]["code"] for m in answers(client) if m["id"] == id]
    assert told == [-32600, -32600, -32800]
    client.send(id=id, method="blankcheck/courses", params={})
    await client.wait(lambda m: m.get("id") == id and "result" in m)


async def test_ids_are_numbers_or_texts_and_come_back_as_they_are(client: Client) -> None:
    for id in ("a", "", "\U0001f600", 0, -7, 2**53):
        client.send(id=id, method="blankcheck/courses", params={})
        answer = await client.wait(lambda m, id=id: m.get("id") == id and "result" in m)
        assert type(answer["id"]) is type(id)
    odd: tuple[Any, ...] = (None, 1.5, True, [], {})
    for id in odd:
        since = len(client.messages)
        client.send(id=id, method="blankcheck/courses", params={})
        assert (await refused(client, since))["code"] == -32600
    assert await alive(client)


async def test_another_version_of_json_rpc_is_refused(client: Client) -> None:
    body: dict[str, Any] = {
        "jsonrpc": "1.0",
        "id": 50,
        "method": "blankcheck/courses",
        "params": {},
    }
    client.write(frame(json.dumps(body).encode()))
    answer = await client.wait(lambda m: m.get("id") == 50)
    assert answer["error"]["code"] == -32600


async def test_after_a_wrong_length_the_next_message_is_found(client: Client) -> None:
    for header, told in (
        (b"Content-Length: x", [-32700, None]),
        (b"Content-Type: a", [-32700, None]),
        (b"Content-Length: 0", [-32700, None]),
        (b"Content-Length: 20", [-32700, None]),
        (b"Content-Length: %d" % (len(COURSES) + 7), [-32700, -32700, None]),
    ):
        since = len(client.messages)
        client.write(header + b"\r\n\r\n" + COURSES)
        client.ask("blankcheck/blanks", {})
        assert await alive(client)
        found = [code for code in codes(client, since) if code != -32602]
        assert found == told, header


async def test_a_batch_is_refused_and_nothing_in_it_is_done(client: Client) -> None:
    request = json.loads(COURSES)
    opened = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "___"}
    document = {"method": "textDocument/didOpen", "params": {"textDocument": opened}}
    since = len(client.messages)
    client.write(frame(json.dumps([request, {"jsonrpc": "2.0", **document}]).encode()))
    assert (await refused(client, since))["code"] == -32600
    assert await alive(client)
    assert len(answers(client, since)) == 2


async def test_text_that_is_not_utf_8_is_refused(client: Client) -> None:
    for text in (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\x00"):
        since = len(client.messages)
        client.write(frame(COURSES.replace(b"{}", b'{"a": "%s"}' % text)))
        assert (await refused(client, since))["code"] == -32700
    assert await alive(client)
