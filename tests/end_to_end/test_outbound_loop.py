"""Agents in the preview loop over every wire, and a service that is killed under them."""

import asyncio
import csv
import io
import random
import sys
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from google.protobuf.json_format import MessageToDict

from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import WatchOutboundRequest
from dialbridge_client import Basic, Client, DialbridgeError
from tests.fakes.node_cometd import node_cometd
from tests.fakes.process import KILL, serve

DEVICE = "efe1ab32-53f9-43ce-b65e-5768c61f7d4a"
COMMON = {"applicationId": 134, "devicePath": f"/devices/{DEVICE}"}
IN_AN_HOUR = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


class LegacyAgent:
    """REST, and what the official CometD client is told."""

    def __init__(self, rest, node):
        self.rest = rest
        self.node = node

    async def ask(self, path, operation, *kinds, **members):
        body = {"operationName": operation, **COMMON, **members}
        assert await self.rest.request("POST", path, body) == (200, '{"statusCode":0}')
        told = [await self.node.until(lambda fact: "event" in fact) for _ in kinds]
        assert [fact["data"].get("notificationType", fact["data"]["messageType"]) for fact in told] == list(kinds)
        return told[0]["data"]

    async def on_campaign(self, operation, kind):
        return await self.ask("/me/outbound-campaigns/Campaign1", operation, kind)

    async def on_record(self, handle, operation, *kinds, **members):
        kinds = kinds or (f"{operation}Acknowledge",)
        path = f"/me/outbound-records/{handle}" if handle else "/me/outbound-records"
        named = {"campaignName": "Campaign1", "callingList": "CallingList1"}
        return await self.ask(path, operation, *kinds, **named, **members)


async def legacy_day(service):
    async with AsyncExitStack() as stack:
        rest = await stack.enter_async_context(service.legacy())
        authorization = aiohttp.encode_basic_auth("agent1", "demo")
        url = f"{service.url}/api/v2/notifications"
        node = await stack.enter_async_context(node_cometd(url, "long-polling", authorization))
        await node.do("handshake")
        await node.until(lambda fact: fact.get("handshake"))
        for channel in ("/v2/me/outbound", "/v2/me/devices"):
            await node.do("subscribe", channel=channel)
            await node.until(lambda fact: fact.get("subscribed"))
        agent = LegacyAgent(rest, node)
        user_event = "DeviceUserEventMessage"

        async def pulled():
            return (await agent.on_campaign("GetPreviewRecord", "PreviewRecord"))["record"]

        await agent.on_campaign("StartPreviewSession", "PreviewSessionStarted")
        record = await pulled()
        assert (await rest.dial(record["phoneNumber"], recordHandle=record["recordHandle"]))[0] == 200
        handle = record["recordHandle"]
        updated = ("UpdateCallCompletionStatsAcknowledge", user_event)
        await agent.on_record(handle, "UpdateRecord", *updated, phoneType="Mobile", otherFields={"tier": "gold"})
        completed = ("RecordProcessedAcknowledge", user_event)
        await agent.on_record(handle, "CompleteRecord", *completed, callResult="Answer")
        handle = (await pulled())["recordHandle"]
        await agent.on_record(handle, "RejectRecord", "RecordRejectAcknowledge", user_event)
        handle = (await pulled())["recordHandle"]
        await agent.on_record(handle, "GetChainedRecord", "ChainedRecord", "ChainedRecordsDataEnd")
        rescheduled = ("ScheduledRecordRescheduleAcknowledge", user_event)
        when = {"callbackType": "Personal", "timestamp": int(IN_AN_HOUR.timestamp())}
        await agent.on_record(handle, "RescheduleRecord", *rescheduled, **when)
        await agent.on_record(handle + 1, "DoNotCallRecord", "DoNotCallAcknowledge", user_event)
        await agent.on_record(None, "DoNotCallRecord", "DoNotCallAcknowledge", user_event, phoneNumber="5088")
        added = {"phoneNumber": "5077", "timeZone": "GMT", "phoneType": "Mobile", "from": 0, "until": 86339}
        await agent.on_record(None, "AddRecord", "AddRecordAcknowledge", user_event, **added)
        assert (await rest.dial("5088"))[1].startswith('{"statusCode":2,"statusMessage":"the number is on the do-not')
        await agent.on_campaign("EndPreviewSession", "PreviewSessionEnded")


async def grpc_day(service):
    async with service.client() as client:
        loop = client.preview_loop("Campaign1", DEVICE)
        await loop.start()
        record = await loop.next()
        await client.dial(DEVICE, record)
        fields = OutboundRecord(record_handle=record.record_handle, phone_type="Mobile")
        fields.other_fields.pairs.add(key="tier").value.string_value = "gold"
        await loop.update(fields)
        await loop.complete(record.record_handle, "Answer")
        await loop.reject((await loop.next()).record_handle)
        handle = (await loop.next()).record_handle
        (other,) = await loop.chain(handle)
        await loop.reschedule(handle, IN_AN_HOUR, personal=True)
        await loop.do_not_call(other.record_handle)
        await loop.do_not_call_number("5088")
        added = OutboundRecord(calling_list="CallingList1", phone_number="5077", time_zone="GMT", phone_type="Mobile")
        added.until_seconds = 86339
        assert (await loop.add(added)).record_handle
        with pytest.raises(DialbridgeError, match="do-not-call"):
            await client.dial(DEVICE, "5088")
        await loop.end()


async def journalled(service):
    """Every message, without what is drawn at random or counted from the beginning of the file."""
    messages = []
    async with service.client("bridge") as client:
        request = WatchOutboundRequest(earliest=True)
        request.heartbeat_interval.FromSeconds(1)
        stream = client._outbound.WatchOutbound(request, metadata=client._metadata)
        async for message in stream:
            messages += message.changes.messages
            if message.WhichOneof("message") == "heartbeat":
                break
        stream.cancel()
    for message in messages:
        for accidental in ("resume_token", "position", "event_time"):
            message.ClearField(accidental)
        kept = [pair for pair in message.record.user_data.pairs if pair.key != "GSW_CALL_ATTEMPT_GUID"]
        if message.record.HasField("user_data"):
            del message.record.user_data.pairs[:]
            message.record.user_data.pairs.extend(kept)
    return [MessageToDict(message) for message in messages]


async def test_the_same_loop_over_cometd_and_over_grpc_is_the_same_journal(start, tmp_path):
    journals = []
    for day in (legacy_day, grpc_day):
        async with start(tmp_path / day.__name__) as service:
            await day(service)
            journals.append(await journalled(service))
    legacy, grpc = journals
    for one, other in zip(legacy, grpc, strict=True):
        assert one == other
    assert len(legacy) == 14


HASH = "$argon2id$v=19$m=19456,t=2,p=1$9LGE38jBW8OQ0JA5VrFbnQ$uforL2TSQ05jACeFn2yc1gab0xD6fVE2jbaOgUcpPsg"
AGENTS = [f"a{number}" for number in range(10)]
DIRECTORY = '[contact_center]\nname = "Crowd"\n' + "".join(
    f'[[users]]\nuser_name = "{name}"\npassword_hash = "{HASH}"\n[[devices]]\nphone_number = "{100 + number}"\n'
    f'user_name = "{name}"\n'
    for number, name in enumerate(AGENTS)
)
RECORDS, KILLS, LEASE = 300, 3, 2


async def command(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dialbridge_client.command_line",
        "campaign",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_agents_whose_service_is_killed_lose_no_record_and_complete_none_twice(tmp_path):
    data, chance = tmp_path / "data", random.Random(7)
    (tmp_path / "directory.toml").write_text(DIRECTORY)
    (tmp_path / "list.csv").write_text("phone\n" + "".join(f"{6000 + number}\n" for number in range(RECORDS)) + "x\n")
    (tmp_path / "never.txt").write_text("6000\n6150\n")
    at = ("--data-dir", data)
    assert (await command(*at, "create", "Autumn", "--list", "C", "--lease", LEASE))[0] == 0
    status, out, _ = await command(*at, "import", "C", tmp_path / "list.csv", "--rejected", tmp_path / "no.jsonl")
    assert (status, out) == (1, f"{RECORDS} records added to C, 1 rows rejected\n")
    assert '"line": 302' in (tmp_path / "no.jsonl").read_text()
    assert (await command(*at, "do-not-call", tmp_path / "never.txt"))[0] == 0
    acknowledged = Counter()

    async def work(name, ports):
        async with Client.connect(f"127.0.0.1:{ports['grpc']}", credentials=Basic(name, "demo")) as client:
            loop = client.preview_loop("Autumn")
            while True:
                try:
                    await loop.start()
                    while (record := await loop.next()) is not None:
                        if chance.random() < 0.05:
                            continue  # left lying: the lease brings it back
                        await loop.complete(record.record_handle, "NoAnswer")
                        acknowledged[record.record_handle] += 1
                    if sum(acknowledged.values()) and await finished(at):
                        return
                    await asyncio.sleep(0.2)
                except DialbridgeError as error:
                    if error.reason not in ("", "RECORD_NOT_FOUND"):  # the channel, or a completion that got through
                        raise
                    await asyncio.sleep(0.05)

    ports = {"grpc": 0, "http": 0}
    options = ("--config", tmp_path / "directory.toml")
    async with asyncio.timeout(90):
        agents = None
        for kill in range(KILLS + 1):
            async with serve(data, ports["grpc"], ports["http"], *options) as process:
                ports.update(grpc=process.grpc_port, http=process.http_port)
                agents = agents or [asyncio.create_task(work(name, ports)) for name in AGENTS]
                if kill < KILLS:
                    begun = sum(acknowledged.values())
                    while sum(acknowledged.values()) < min(begun + chance.randint(10, 50), RECORDS - 50):
                        await asyncio.sleep(0.01)
                    process.send(KILL)
                    await process.ended()
                else:
                    await asyncio.gather(*agents)
    rows = list(csv.DictReader(io.StringIO((await command(*at, "export", "C"))[1])))
    assert Counter(row["state"] for row in rows) == {"done": RECORDS}
    assert {row["phone"] for row in rows if row["call_result"] == "DoNotCall"} == {"6000", "6150"}
    attempts = Counter(
        int(row["handle"]) for row in csv.DictReader(io.StringIO((await command(*at, "export", "C", "--attempts"))[1]))
    )
    assert set(attempts.values()) == {1}
    assert set(acknowledged.values()) == {1}
    assert set(acknowledged) <= set(attempts)
    assert len(attempts) == RECORDS - 2


async def finished(at):
    _, out, _ = await command(*at, "export", "C")
    return all(row["state"] == "done" for row in csv.DictReader(io.StringIO(out)))
