"""A day of one agent in the preview loop, over REST and CometD or over gRPC, and what the journal has of it."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import aiohttp
from google.protobuf.json_format import MessageToDict

from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import WatchOutboundRequest
from tests.fakes.node_cometd import node_cometd

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
        await agent.on_campaign("EndPreviewSession", "PreviewSessionEnded")


async def grpc_day(service):
    async with service.client() as client:
        loop = client.preview_loop("Campaign1", DEVICE, 134)
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
        await loop.end()


async def journalled(service):
    """Every message as a dictionary; see `messages`."""
    return [MessageToDict(message) for message in await messages(service)]


async def messages(service):
    """Every message that the journal has, without what is drawn at random or counted from the beginning of the file."""
    found = []
    async with service.client("bridge") as client:
        request = WatchOutboundRequest(earliest=True)
        request.heartbeat_interval.FromSeconds(1)
        stream = client._outbound.WatchOutbound(request, metadata=client._metadata)
        async for message in stream:
            found += message.changes.messages
            if message.WhichOneof("message") == "heartbeat":
                break
        stream.cancel()
    for message in found:
        for accidental in ("resume_token", "position", "event_time"):
            message.ClearField(accidental)
        kept = [pair for pair in message.record.user_data.pairs if pair.key != "GSW_CALL_ATTEMPT_GUID"]
        if message.record.HasField("user_data"):
            del message.record.user_data.pairs[:]
            message.record.user_data.pairs.extend(kept)
    return found
