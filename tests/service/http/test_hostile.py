"""Callers who mean no good: no answer is lost, doubled or out of its turn, and nothing of them stays inside."""

import asyncio

import pytest

from tests.service.fakes import BOUND_S, until
from tests.service.http.peers import LIVE, Served, head_of, post, served, text, write_for_ever

pytestmark = pytest.mark.anyio

CHUNKED = b"POST /parse HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n"
WORD = post(text("word"))


def statuses(answers: bytes) -> list[int]:
    """Of all answers in these bytes."""
    return [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]]


async def asked(service: Served, request: bytes) -> list[int]:
    """The statuses of all that comes until the server closes."""
    peer = await service.connect()
    peer.writer.write(request)
    return statuses(await peer.rest())


class TestFull:
    """What is refused by its head."""

    async def test_an_answer_before_it_comes_first(self) -> None:
        async with served() as service:
            peer = await service.connect()
            with service.parser.gate.held():
                peer.writer.write(WORD)
                await service.parser.gate.batch()
                with service.full():
                    peer.writer.write(WORD + WORD + LIVE)
                    (connection,) = service.server.server_state.connections
                    await until(lambda: len(connection.pipeline) == 3)  # type: ignore[union-attr]
            assert [(await peer.answer()).status for _ in range(4)] == [200, 429, 429, 200]
            await service.ends_empty()

    async def test_an_answer_to_head_has_no_body(self) -> None:
        async with served() as service:
            with service.full():
                peer = await service.connect()
                peer.writer.write(b"HEAD /parse HTTP/1.1\r\nhost: s\r\n\r\n" + LIVE)
                head = await peer.reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 405 ")
                assert (await peer.answer()).status == 200

    @pytest.mark.parametrize(
        "target", [b"/parse?", b"/parse?a=b", b"/%70arse", b"http://s/parse", b"/parse#a"]
    )
    async def test_no_spelling_of_the_path_passes(self, target: bytes) -> None:
        async with served() as service:
            with service.full():
                peer = await service.connect()
                peer.writer.write(WORD.replace(b"/parse", target, 1))
                assert (await peer.answer()).status == 429

    async def test_what_is_not_asked_for_by_post_has_the_answer_of_the_route(self) -> None:
        async with served() as service:
            with service.full():
                peer = await service.connect()
                peer.writer.write(b"GET /parse HTTP/1.1\r\nhost: s\r\n\r\n")
                assert (await peer.answer()).status == 405

    async def test_the_last_answer_of_a_connection_says_so(self) -> None:
        async with served() as service:
            with service.full():
                peer = await service.connect()
                peer.writer.write(post(text("word"), b"connection: close") + WORD)
                assert "connection: close" in (await peer.answer()).head
                assert await peer.rest() == b""

    async def test_a_caller_who_does_not_read_is_held_back(self) -> None:
        """Refusals are longer than the requests: they must not pile up."""
        async with served(request_timeout_s=0.3) as service:
            with service.full():
                peer = await service.connect()
                peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
                with pytest.raises(ConnectionError):
                    await write_for_ever(peer, 1000 * post(b""))
                await until(lambda: service.connections == 0)
            await service.ends_empty()

    async def test_one_who_reads_late_gets_every_answer(self) -> None:
        async with served() as service:
            with service.full():
                peer = await service.connect()
                peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
                peer.writer.write(20_000 * post(b""))
                (connection,) = service.server.server_state.connections
                await until(lambda: connection.flow.write_paused)  # type: ignore[union-attr]
                peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
                assert {(await peer.answer()).status for _ in range(20_000)} == {429}

    async def test_many_small_bodies_are_no_large_one(self) -> None:
        """A caller who tries again on its connection is refused each time, and not cut off."""
        async with served() as service:
            with service.full():
                peer = await service.connect()
                for _ in range(150):
                    peer.writer.write(post(b"x" * 10_000))
                    assert (await peer.answer()).status == 429


class TestLast:
    """What comes behind the last request of a connection."""

    async def test_it_is_not_answered_behind_one_that_closes(self) -> None:
        async with served() as service:
            assert await asked(service, post(text("word"), b"connection: close") + 15 * WORD) == [200]
            assert service.admission.inside == 0  # at once: nobody waits for these

    async def test_it_is_not_answered_behind_a_refused_head(self) -> None:
        long = b"GET /" + b"a" * 14_000 + b" HTTP/1.1\r\nx: " + b"b" * 3000 + b"\r\n\r\n"
        async with served() as service:
            assert await asked(service, long + 3 * WORD) == [431]
            assert service.admission.inside == 0

    async def test_it_is_not_answered_behind_a_malformed_one(self) -> None:
        async with served() as service:
            assert await asked(service, WORD + b"nonsense\r\n\r\n" + WORD) == [200, 400]
            assert service.admission.inside == 0

    async def test_a_slow_reader_gets_all_of_it(self) -> None:
        """Time to close counts from when the answer is out, not from when it was written."""
        async with served() as service:
            peer = await service.connect()
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
            ask = b"GET /openapi.json HTTP/1.1\r\nhost: s\r\n\r\n"
            peer.writer.write(200 * ask + ask.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            (connection,) = service.server.server_state.connections
            await until(lambda: connection.flow.write_paused)  # type: ignore[union-attr]
            connection.finish()  # type: ignore[union-attr]
            connection.sweep(connection.since_s + 10)  # type: ignore[union-attr]
            assert not connection._socket.is_closing()  # type: ignore[union-attr]
            peer.writer.transport.resume_reading()  # type: ignore[attr-defined]
            assert statuses(await peer.rest()).count(200) >= 1


class TestBroken:
    """Bodies that are none."""

    @pytest.mark.parametrize("before", [0, 1, 3])
    async def test_a_broken_chunk_is_answered_once_and_at_once(self, before: int) -> None:
        async with served() as service, asyncio.timeout(BOUND_S / 2):
            expected = before * [200] + [400]
            assert await asked(service, before * WORD + CHUNKED + b"3\r\n{}}\r\nnonsense\r\n") == expected
            assert service.admission.inside == 0

    async def test_one_whose_answer_is_out_is_not_answered_again(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-type: text/plain\r\n\r\n"))
            assert (await peer.answer()).status == 415
            peer.writer.write(b"nonsense\r\n")
            assert await peer.rest() == b""

    @pytest.mark.parametrize(
        "endless",
        [b"x: 1\r\n", b"a" * 100, b"x: " + b"a" * 3000 + b"\r\n"],
        ids=["many trailers", "one trailer", "long trailers"],
    )
    async def test_trailers_are_bounded(self, endless: bytes) -> None:
        async with served() as service, asyncio.timeout(BOUND_S / 2):
            peer = await service.connect()
            peer.writer.write(CHUNKED + b"0\r\n" + (b"x: " if endless.isalpha() else b""))
            peer.writer.write(endless * (100_000 // len(endless)))
            assert (await peer.answer()).status == 431

    async def test_trailers_are_no_headers(self) -> None:
        async with served() as service:
            peer = await service.connect()
            body = text("word")
            head = CHUNKED + b"%x\r\n" % len(body)
            peer.writer.write(
                head + body + b"\r\n0\r\nx-request-id: mine\r\ncontent-type: text/plain\r\n\r\n"
            )
            answer = await peer.answer()
            assert answer.status == 200
            assert answer.body["request_id"] != "mine"
            await service.ends_empty()


class TestInside:
    """What counts as inside."""

    async def test_a_body_that_does_not_come_takes_no_place(self) -> None:
        async with served() as service:
            for _ in range(20):
                peer = await service.connect()
                peer.writer.write(post(b"x" * 10_000)[:100])
            await until(lambda: len(service.server.server_state.tasks) == 20)
            assert service.admission.inside == 0

    @pytest.mark.parametrize(
        "whole",
        [
            WORD,
            3 * WORD,
            WORD + CHUNKED + b"5\r\n{}}}}\r\n0\r\n\r\n" + WORD,
            WORD + b"nonsense\r\n\r\n" + WORD,
            post(text("word"), b"expect: 100-continue") + WORD,
            post(text("word"), b"connection: upgrade", b"upgrade: h2c") + WORD,
        ],
        ids=["one", "three", "chunked", "nonsense", "continue", "upgrade"],
    )
    async def test_a_reset_at_any_byte_leaves_nothing(self, whole: bytes) -> None:
        async with served() as service:
            for size in range(1, len(whole), 3):
                peer = await service.connect()
                peer.writer.write(whole[:size])
                if size % 2:
                    await asyncio.sleep(0)
                peer.writer.transport.abort()
            await service.ends_empty()

    async def test_who_leaves_while_he_is_parsed_leaves_nothing(self) -> None:
        async with served() as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(WORD)
                await service.parser.gate.batch()
                assert service.admission.inside > 0
                peer.writer.transport.abort()
                await until(lambda: not service.connections)
                assert service.admission.inside == 0
            await service.ends_empty()

    async def test_who_leaves_with_requests_ahead_leaves_nothing(self) -> None:
        async with served() as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(8 * WORD)
                await service.parser.gate.batch()
                (connection,) = service.server.server_state.connections
                await until(lambda: len(connection.pipeline) == 7)  # type: ignore[union-attr]
                peer.writer.transport.abort()
            await service.ends_empty()
            assert service.parser.gate.batches() == []  # nobody waits for the others

    async def test_who_closes_his_side_has_gone(self) -> None:
        """docs/decisions/029: what has not run yet does not."""
        async with served() as service:
            with service.parser.gate.held():
                first, second = await service.connect(), await service.connect()
                first.writer.write(WORD)
                await service.parser.gate.batch()
                second.writer.write(post(text("of nobody")))
                await until(lambda: len(service.server.server_state.tasks) == 2)
                second.writer.write_eof()
                await until(lambda: service.connections == 1)
            assert (await first.answer()).status == 200
            assert await second.rest() == b""
            await service.ends_empty()
            assert service.parser.gate.batches() == []

    async def test_what_was_answered_by_then_is_delivered(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(LIVE)
            head = await peer.reader.readuntil(b"\r\n\r\n")
            peer.writer.write_eof()
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await peer.rest() != b""


class TestPipelines:
    async def test_no_more_requests_are_begun_than_may_be_ahead_and_a_few(self) -> None:
        """Of heads as short as can be: each takes kilobytes once it is begun."""
        async with served() as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(WORD)
                await service.parser.gate.batch()
                peer.writer.write(1_000 * b"GET / HTTP/1.1\r\n\r\n")
                (connection,) = service.server.server_state.connections
                await until(lambda: bool(connection._held))  # type: ignore[union-attr]
                assert len(connection.pipeline) < 16 + 512 // 18 + 1  # type: ignore[union-attr]
            assert (await peer.answer()).status == 200
            assert {(await peer.answer()).status for _ in range(1_000)} == {404}
            await service.ends_empty()

    async def test_many_upgrades_are_ignored_one_by_one(self) -> None:
        upgrade = b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
        async with served() as service, asyncio.timeout(BOUND_S / 2):
            peer = await service.connect()
            peer.writer.write(500 * upgrade)
            assert {(await peer.answer()).status for _ in range(500)} == {404}


class TestOldCallers:
    @pytest.mark.parametrize("line", [b"GET /health/live", b"GET /health/live HTTP/0.9", b"GET / HTTP/2.0"])
    async def test_other_versions_are_refused(self, line: bytes) -> None:
        async with served() as service:
            assert await asked(service, line + b"\r\n\r\n" + WORD) == [400]

    async def test_one_of_http_1_0_has_its_answer_and_the_end(self) -> None:
        async with served() as service:
            assert await asked(service, WORD.replace(b"HTTP/1.1", b"HTTP/1.0") + WORD) == [200]
            with service.full():
                assert await asked(service, WORD.replace(b"HTTP/1.1", b"HTTP/1.0") + WORD) == [429]

    async def test_a_head_of_16_kib_may_follow_another_request(self) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(25 * LIVE + head_of(16_384))
            assert {(await peer.answer()).status for _ in range(26)} == {200}


class TestUpgrade:
    async def test_one_that_is_the_last_stays_the_last(self) -> None:
        async with served() as service:
            request = post(text("word"), b"connection: upgrade, close", b"upgrade: h2c")
            assert await asked(service, request) == [200]

    async def test_it_may_stand_in_the_middle(self) -> None:
        async with served() as service:
            peer = await service.connect()
            upgrading = post(text("up"), b"connection: upgrade", b"upgrade: websocket")
            peer.writer.write(post(text("a")) + upgrading + post(text("b")) + upgrading + post(text("c")))
            assert [(await peer.answer()).body["text"] for _ in range(5)] == ["a", "up", "b", "up", "c"]


class TestCounted:
    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            (b"GET /nothing HTTP/1.1\r\nhost: s\r\n\r\n", "not_found"),
            (b"GET /parse HTTP/1.1\r\nhost: s\r\n\r\n", "method_not_allowed"),
            (b"nonsense\r\n\r\n", "malformed_request"),
            (b"GET /nothing HTTP/1.1\r\nhost: [\r\n\r\n", "not_found"),
            (b"GET //[ HTTP/1.1\r\nhost: s\r\n\r\n", "not_found"),
        ],
    )
    async def test_what_has_no_route(self, request_: bytes, code: str) -> None:
        async with served() as service:
            peer = await service.connect()
            peer.writer.write(request_)
            assert (await peer.answer()).body["code"] == code
            other = await service.connect()
            other.writer.write(b"GET /metrics HTTP/1.1\r\nhost: s\r\nconnection: close\r\n\r\n")
            sample = f'polyparse_requests_total{{endpoint="none",outcome="{code}",version=""}} 1.0'
            assert sample.encode() in await other.rest()


class TestTooMany:
    async def test_those_that_made_room_are_gone(self) -> None:
        """Their callers need not close: what is kept open for them is a descriptor less for others."""
        async with served(max_connections=20) as service:
            for _ in range(100):
                await service.connect()
            await until(lambda: service.connections <= 21)


class TestEnd:
    async def test_a_body_that_does_not_come_is_not_answered_before_what_is_ahead_of_it(self) -> None:
        async with served() as service:
            with service.parser.gate.held():
                peer = await service.connect()
                peer.writer.write(WORD + WORD[:-5])
                await service.parser.gate.batch()
                (connection,) = service.server.server_state.connections
                await until(lambda: len(connection.pipeline) == 1)  # type: ignore[union-attr]
                connection.wait_no_more()  # type: ignore[union-attr]
            assert (await peer.answer()).status == 200
            await service.ends_empty()
