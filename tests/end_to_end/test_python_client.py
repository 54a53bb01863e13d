"""The Python client on the running service: blocking as well as async, through dead links and expired tokens."""

import asyncio
import contextlib
import time
from datetime import datetime

import grpc
import pytest

from dialbridge.v1.call_pb2 import CALL_STATE_RELEASED
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge_client import (
    Basic,
    Bearer,
    BlockingClient,
    Changed,
    Client,
    DialbridgeError,
    Interrupted,
    PreviewLoop,
    Replaced,
    Resumed,
)
from tests.fakes.legacy_client import DEVICE

ANN = Basic("agent1", "demo")


@pytest.fixture
def blocking(service):
    """Run something with a blocking client in a thread while the simulated world lives."""

    async def run(work, credentials=ANN):
        def in_thread():
            with BlockingClient.connect(service.grpc, credentials=credentials) as client:
                return work(client)

        task = asyncio.create_task(asyncio.to_thread(in_thread))
        async with asyncio.timeout(20):
            while not task.done():
                await service.advance(0.2)
                await asyncio.wait([task], timeout=0.02)
        return task.result()

    return run


async def test_the_blocking_client_dials_and_follows_a_record_to_its_end(blocking):
    def work(client):
        record = OutboundRecord(record_handle=431, phone_number="5004")
        answer = client.dial(DEVICE, record, user_data=[("tier", "gold")])
        states = []
        with contextlib.closing(client.watch(resume_token=answer.resume_token)) as watch:
            for event in watch:
                if isinstance(event, Changed):
                    states.append(event.change.call.state)
                    if states[-1] == CALL_STATE_RELEASED:
                        break
        return states

    assert await blocking(work) == [1, 3, 5]


async def test_the_blocking_client_controls_a_call(blocking):
    def until(condition):  # an operation was accepted; what it does, comes
        while not condition():
            time.sleep(0.01)

    def work(client):
        call = client.dial(client.current_user().devices[0].id, "5001").call
        client.attach_user_data(call.id, [("a", 1), ("b", 2)])
        client.update_user_data(call.id, [("a", 3)])
        client.delete_user_data_pair(call.id, "b")
        client.send_dtmf(call.id, "1#")
        until(
            lambda: (
                [(each.key, each.value.int_value) for each in client.get_call(call.id).user_data.pairs] == [("a", 3)]
            )
        )
        client.delete_user_data(call.id)
        until(lambda: not client.get_call(call.id).user_data.pairs)
        client.hangup(call.id)
        until(lambda: not client.list_calls())

    await blocking(work)


async def test_the_blocking_client_raises_what_the_server_says(blocking):
    def work(client):
        with pytest.raises(DialbridgeError) as refused:
            client.hangup("0" * 32)
        return refused.value.code, refused.value.reason

    assert await blocking(work) == (grpc.StatusCode.NOT_FOUND, "CALL_NOT_FOUND")
    with pytest.raises(DialbridgeError, match="NOT_AUTHENTICATED"):
        await blocking(lambda client: next(client.watch()), Basic("agent1", "wrong"))


async def test_a_token_stands_for_a_password(service, blocking):
    token = (await blocking(lambda client: client.sign_in())).access_token
    assert (await blocking(lambda client: client.current_user(), Bearer(token))).user.user_name == "agent1"
    async with Client.connect(service.grpc, credentials=Bearer(token)) as client:
        assert (await client.current_user()).user.user_name == "agent1"


class Link:
    """A proxy before the service, whose connections a test can break, or make silent."""

    def __init__(self, target):
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._writers = set()
        self.silent = False

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]  # noqa: UP031
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.break_off()

    def break_off(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _join(self, reader, writer):
        other_reader, other_writer = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, other_writer}
        await asyncio.gather(
            self._copy(reader, other_writer, quiet=False), self._copy(other_reader, writer, quiet=True)
        )

    async def _copy(self, reader, writer, *, quiet):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not (quiet and self.silent):
                    writer.write(data)
        writer.close()


async def events(watch, until):
    seen = []
    async with asyncio.timeout(20):
        async for event in watch:
            seen.append(event)
            if until(event):
                break
    return seen


def is_end(event):
    return isinstance(event, Changed) and event.change.call.state == CALL_STATE_RELEASED


async def test_a_watch_whose_connection_breaks_goes_on_without_loss_or_repetition(service):
    async with Link(service.grpc) as link, Client.connect(link.address, credentials=ANN) as client:
        watch = client.watch()
        assert isinstance(await anext(watch), Replaced)
        await client.dial(DEVICE, "5004")
        assert isinstance(await anext(watch), Changed)
        link.break_off()
        await service.advance(10)
        seen = await events(watch, is_end)
        await watch.aclose()
    assert isinstance(seen[0], Interrupted)
    assert isinstance(seen[-3], Resumed)
    assert [event.change.call.sequence for event in seen[-2:]] == [2, 3]


async def test_a_watch_of_which_nothing_is_heard_is_taken_up_again(service):
    async with Link(service.grpc) as link, Client.connect(link.address, credentials=ANN) as client:
        watch = client.watch(heartbeat=1.0)
        assert isinstance(await anext(watch), Replaced)
        link.silent = True
        interrupted = (await events(watch, lambda event: isinstance(event, Interrupted)))[-1]
        link.silent = False
        link.break_off()
        await events(watch, lambda event: isinstance(event, Resumed | Replaced))
        await watch.aclose()
    assert "nothing was heard" in interrupted.error.text


async def test_a_dead_blocking_watch_is_noticed_while_its_thread_waits(service):
    async with Link(service.grpc) as link:

        def work():
            with BlockingClient.connect(link.address, credentials=ANN) as client:
                watch = client.watch(heartbeat=1.0)
                first = next(watch)
                link.silent = True
                second = next(watch)
                watch.close()
                return first, second

        first, second = await asyncio.wait_for(asyncio.to_thread(work), 20)
    assert isinstance(first, Replaced)
    assert isinstance(second, Interrupted)
    assert "nothing was heard" in second.error.text


async def test_a_token_of_another_journal_replaces_the_application_s_state(service, start, tmp_path):
    async with start(tmp_path / "another") as other, other.client() as client:
        foreign = (await client.dial(DEVICE, "5001")).resume_token
    async with service.client() as client:
        call = (await client.dial(DEVICE, "5001")).call
        watch = client.watch(resume_token=foreign)
        seen = await events(watch, lambda event: isinstance(event, Replaced))
        await watch.aclose()
    assert seen[0].error.reason == "RESUME_TOKEN_EXPIRED"
    assert [each.id for each in seen[-1].calls] == [call.id]


async def test_a_dial_whose_answer_was_lost_is_sent_again_and_rings_once(service):
    async with Link(service.grpc) as link, Client.connect(link.address, credentials=ANN) as client:
        await client.current_user()
        link.silent = True
        dialling = asyncio.create_task(client.dial(DEVICE, "5001"))
        async with service.client("supervisor1") as supervisor, asyncio.timeout(10):
            while not await supervisor.list_calls():
                await asyncio.sleep(0.02)
            link.silent = False
            link.break_off()
            answer = await dialling
            assert [call.id for call in await supervisor.list_calls()] == [answer.call.id]


async def test_the_blocking_client_has_the_preview_loop_too(blocking):
    def work(client):
        loop = client.preview_loop("Campaign1")
        loop.start()
        record = loop.next()
        loop.complete(record.record_handle, "Answer")
        with pytest.raises(DialbridgeError) as refused:
            loop.complete(record.record_handle, "Answer")
        loop.end()
        return record.phone_number, refused.value.reason

    assert await blocking(work) == ("5001", "RECORD_NOT_FOUND")


def test_a_callback_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        PreviewLoop(print, "Campaign1", "").reschedule(1, datetime(2026, 1, 1), personal=True)
