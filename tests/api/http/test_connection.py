"""Requests and answers over real sockets: keep-alive, versions, errors, streams, clients that go."""

import json
from pathlib import Path

import pytest

from tests.api.http.bench import Bench

GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def test_one_connection_serves_many_requests(bench: Bench) -> None:
    client = bench.client()
    for _ in range(3):
        client.send(GET % b"/_ping")
        head, body = client.answer()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == b"OK"


def test_pipelined_requests_are_answered_in_order(bench: Bench) -> None:
    post = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    chunked = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n"
    answer = bench.ask(GET % b"/v1.44/version" + post + chunked + LAST % b"/_ping")
    bodies = [part.split(b"\r\n\r\n")[1] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert bodies == [b"1.44", b"abc", b"wxyz", b"OK"]


def test_every_answer_says_what_engine_it_is(bench: Bench) -> None:
    head = bench.ask(LAST % b"/_ping").partition(b"\r\n\r\n")[0].decode()
    for line in ("Api-Version: 1.50", "Docker-Experimental: false", "Ostype: linux", "Server: Docker/", "Date: "):
        assert f"\r\n{line}" in head


def test_head_has_no_body_and_204_and_304_no_length(bench: Bench) -> None:
    assert bench.ask(b"HEAD /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith(b"\r\n\r\n")
    for path, status in ((b"/nothing", b"204 No Content"), (b"/same", b"304 Not Modified")):
        answer = bench.ask(LAST % path)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"Content-Length" not in answer
        assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        (b"/nowhere", 404, "page not found"),
        (b"/conflict", 409, "it is in use"),
        (b"/system", 500, "it failed"),
        (b"http://[/_ping", 400, "bad request: malformed target"),
        (b"/v1.99/_ping", 400, "client version 1.99 is too new. Maximum supported API version is 1.50"),
        (b"/v9999999999999999999999/_ping", 400, "client version 9999999999999999999999 is too new."),
        (b"/params/%zz/json", 400, 'invalid URL escape "%zz"'),
        (b"/params/%ff/json", 400, "invalid URL escape"),
        (b"/_ping?a=1;b=2", 400, "invalid semicolon separator in query"),
    ],
)
def test_errors_are_json_in_dockers_words(bench: Bench, path: bytes, status: int, message: str) -> None:
    head, _, body = bench.ask(LAST % path).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nContent-Type: application/json\r\n" in head
    assert json.loads(body)["message"].startswith(message)


@pytest.mark.parametrize("version", [b"1.23", b"1"])
def test_clients_that_know_no_errors_in_json_get_text(bench: Bench, version: bytes) -> None:
    head, _, body = bench.ask(LAST % (b"/v%b/_ping" % version)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nContent-Type: text/plain; charset=utf-8\r\n" in head
    assert body == (
        b"client version %b is too old. Minimum supported API version is 1.24, "
        b"please upgrade your client to a newer version\n" % version
    )


def test_a_bug_shows_nothing_of_itself(bench: Bench) -> None:
    answer = bench.ask(LAST % b"/bug")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert b"Traceback" not in answer


def test_versions_from_the_oldest_to_the_newest_are_spoken(bench: Bench) -> None:
    for path, version in ((b"/version", b"1.50"), (b"/v1.24/version", b"1.24"), (b"/v1.44.3/version", b"1.44")):
        assert bench.ask(LAST % path).endswith(b"\r\n\r\n" + version)


def test_paths_and_queries_are_unescaped_once(bench: Bench) -> None:
    answer = bench.ask(LAST % b"/params/a%2Fb%2541/json?q=1+2&q=%2B&on=False")
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == ["a/b%41", ["1 2", "+"], False]


def test_header_values_cannot_bring_lines_of_their_own(bench: Bench) -> None:
    head = bench.ask(LAST % b"/header?name=a%0D%0ASet-Cookie:%20b%00").partition(b"\r\n\r\n")[0]
    assert b"\r\nX-Name: a  Set-Cookie: b \r\n" in head + b"\r\n"


def test_an_old_client_gets_its_answer_and_the_end(bench: Bench) -> None:
    assert bench.ask(b"GET /_ping HTTP/1.0\r\n\r\n").endswith(b"\r\n\r\nOK")
    answer = bench.ask(b"GET /stream HTTP/1.0\r\n\r\n")
    assert b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\none\ntwo\n")


def test_a_stream_is_chunked_and_the_connection_goes_on(bench: Bench) -> None:
    client = bench.client()
    for _ in range(2):
        client.send(GET % b"/stream")
        assert b"\r\nTransfer-Encoding: chunked\r\n" in client.until(b"\r\n\r\n")
        assert client.until(b"0\r\n\r\n") == b"4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n"


def test_a_stream_that_fails_is_cut_short(bench: Bench) -> None:
    answer = bench.ask(GET % b"/broken-stream")
    assert answer.endswith(b"\r\n4\r\none\n\r\n")


def test_a_client_that_asks_for_leave_to_continue_gets_it(bench: Bench) -> None:
    client = bench.client()
    client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")
    assert client.answer()[1] == b"abc"


def test_a_body_that_nobody_reads_is_passed_over(bench: Bench) -> None:
    client = bench.client()
    client.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
    assert client.answer()[1] == b"OK"
    client.send(GET % b"/_ping")
    assert client.answer()[1] == b"OK"


def test_an_early_answer_reaches_a_client_that_still_sends(bench: Bench) -> None:
    client = bench.client()
    client.send(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n")
    for _ in range(20):
        client.send(b"x" * 100_000)
    head, body = client.answer()
    assert head.startswith(b"HTTP/1.1 404 ")
    assert b"\r\nConnection: close\r\n" in head
    assert b"page not found" in body


def test_json_bodies_want_their_content_type(bench: Bench) -> None:
    head = b"POST /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n%b\r\n"
    kind = b"Content-Type: application/json; charset=utf-8\r\n"
    assert bench.ask(head % (8, kind) + b'{"a": 1}').endswith(b'{"a":1,"b":""}\n')
    assert bench.ask(head % (0, b"")).endswith(b'{"a":0,"b":""}\n')
    assert b"unsupported Content-Type header (text/plain)" in bench.ask(
        head % (8, b"Content-Type: text/plain\r\n") + b'{"a": 1}'
    )
    assert b"malformed Content-Type header" in bench.ask(head % (8, b"") + b'{"a": 1}')
    assert b"HTTP/1.1 400 " in bench.ask(head % (7, kind) + b'{"a": 1')
    assert b"HTTP/1.1 400 " in bench.ask(head % (200_000, kind) + b"[" * 200_000)
    assert b"exceeded max depth" in bench.ask(head % (10_006, kind) + b'{"a":%s}' % (b"[" * 5000 + b"]" * 5000))
    assert b"is not Unicode" in bench.ask(head % (14, kind) + b'{"b":"\\ud800"}')
    assert b"is not Unicode" in bench.ask(head % (11, kind) + b'{"b":"\xed\xa0\x80"}')
    assert b"HTTP/1.1 400 " in bench.ask(head % (14, kind) + '{"b":1}'.encode("utf-16-le"))
    assert bench.ask(head % (20, kind) + b'{"b":"\\ud83d\\ude00"}').endswith(b'{"a":0,"b":"\xf0\x9f\x98\x80"}\n')


def test_text_that_is_no_unicode_can_be_told(bench: Bench) -> None:
    assert bench.ask(LAST % b"/surrogate").endswith(b'{"message":"no name: \xef\xbf\xbd"}\n')


def test_errors_do_nothing_to_a_terminal(bench: Bench) -> None:
    """Stock clients write them as they come, and what is in them an image may have chosen."""
    assert bench.ask(LAST % b"/escape").endswith(rb'{"message":"no\n\tname: \\x1b[31m\\u009bm\\r\\u202e"}' + b"\n")


def test_an_answer_that_cannot_be_written_ends_the_connection(bench: Bench) -> None:
    assert bench.ask(LAST % b"/unwritable") == b""


def test_a_handler_that_streams_is_cancelled_when_its_client_goes(bench: Bench) -> None:
    for path, said in ((b"/silent", "silent: aborted"), (b"/endless", "endless: aborted")):
        client = bench.client()
        client.send(GET % path)
        client.until(b"\r\n\r\n")
        client.close()
        bench.wait_until_told(said)


def test_a_handler_that_waits_for_others_is_cancelled_when_its_client_goes(bench: Bench) -> None:
    client = bench.client()
    client.send(GET % b"/attended")
    bench.wait_until_told("gate: waiting")
    client.close()
    bench.wait_until_told("attended: aborted")


@pytest.mark.parametrize("path", [b"/gate", b"/attended"])
def test_a_client_that_only_ends_its_side_still_gets_its_answer(bench: Bench, path: bytes) -> None:
    client = bench.client()
    client.send(GET % path)
    client.half_close()
    bench.wait_until_told("gate: waiting")
    bench.open_the_gate()
    assert client.rest().endswith(b"through")


def test_slow_clients_stall_nobody(bench: Bench) -> None:
    slow = [bench.client() for _ in range(200)]
    for number, client in enumerate(slow):
        if number % 2:
            client.send(b"GET /_ping HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        else:
            client.send(GET % b"/endless")  # and never reads
    assert bench.ask(LAST % b"/_ping").endswith(b"OK")
    assert bench.connections() >= 200
    for client in slow[1::2]:
        client.send(b"1\r\n\r\n")
        assert client.answer()[1] == b"OK"


def test_some_time_after_clients_have_left_it_is_tidied_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pydock.daemon.http.server._LATER", 0.05)
    for _ in range(2):
        bench.told.clear()
        assert bench.ask(LAST % b"/_ping").endswith(b"OK")
        bench.wait_until_told("tidied")


def test_one_who_asks_on_and_reads_nothing_is_made_to_wait(bench: Bench) -> None:
    client = bench.client()
    client.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        client.send(GET % b"/_ping" * 100_000)
    assert bench.ask(LAST % b"/_ping").endswith(b"OK")


def test_the_end_of_the_server_breaks_streams_off_and_lets_answers_finish(tmp_path: Path) -> None:
    with Bench(tmp_path / "http.sock", grace=5.0) as bench:
        streaming, attended, waiting, idle = (bench.client() for _ in range(4))
        streaming.send(GET % b"/silent")
        bench.wait_until_told("silent: begun")
        for client, path in (attended, b"/attended"), (waiting, b"/gate"):
            bench.told.clear()
            client.send(GET % path)
            bench.wait_until_told("gate: waiting")
        bench.stop()
        bench.wait_until_told("silent: aborted")
        bench.wait_until_told("attended: aborted")
        assert attended.rest() == b""
        assert idle.rest() == b""
        bench.open_the_gate()
        assert waiting.rest().endswith(b"through")
        assert streaming.rest().endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{invalid json", "invalid JSON: invalid character 'i' looking for beginning of object key string"),
        (b"{} trailing content", "unexpected content after JSON"),
        (b'{"A":"x"} more', "invalid JSON: json: cannot unmarshal string into Go struct field Body.A of type int"),
        (b"[]", "invalid JSON: json: cannot unmarshal array into Go value of type bench.Body"),
    ],
)
def test_broken_bodies_are_refused_in_dockers_words(bench: Bench, body: bytes, message: str) -> None:
    fields = b"Host: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    answer = bench.ask(b"POST /json HTTP/1.1\r\n" + fields % len(body) + body)
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"message": message}
