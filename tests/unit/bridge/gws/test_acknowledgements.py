import asyncio

import pytest

from bridge.gws.acknowledgements import RECORDS_REMEMBERED, Acknowledgements
from bridge.gws.errors import Unanswered
from dialbridge.v1 import outbound_service_pb2 as pb
from dialbridge.v1.outbound_record_pb2 import OutboundRecord
from dialbridge.v1.outbound_service_pb2 import OutboundMessage

ACKNOWLEDGED = pb.OUTBOUND_NOTIFICATION_TYPE_RECORD_REJECT_ACKNOWLEDGE
CHAINED = pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORD
END = pb.OUTBOUND_NOTIFICATION_TYPE_CHAINED_RECORDS_DATA_END
ERROR = pb.OUTBOUND_NOTIFICATION_TYPE_ERROR


@pytest.fixture
def acknowledgements():
    return Acknowledgements()


def told(awaited, kind=ACKNOWLEDGED):
    return OutboundMessage(reference_id=awaited.reference, notification_type=kind)


async def test_an_operation_is_complete_with_its_own_message_which_has_the_callers_reference(acknowledgements):
    with (
        acknowledgements.awaiting("mine", is_chain=False) as one,
        acknowledgements.awaiting("mine", is_chain=False) as other,
    ):
        acknowledgements.take(told(other))
        (message,) = await other.complete(0)
        assert message.reference_id == "mine"
        with pytest.raises(Unanswered, match="not acknowledged within"):
            await one.complete(0)


async def test_a_chain_is_complete_with_its_end(acknowledgements):
    with acknowledgements.awaiting("", is_chain=True) as awaited:
        for kind in (CHAINED, CHAINED):
            acknowledgements.take(told(awaited, kind))
        waiting = asyncio.create_task(awaited.complete(10))
        await asyncio.sleep(0)
        assert not waiting.done()
        acknowledgements.take(told(awaited, END))
        assert [message.notification_type for message in await waiting] == [CHAINED, CHAINED, END]


async def test_a_chain_that_cannot_be_had_is_complete_with_the_error(acknowledgements):
    with acknowledgements.awaiting("", is_chain=True) as awaited:
        acknowledgements.take(told(awaited, ERROR))
        (message,) = await awaited.complete(0)
        assert message.notification_type == ERROR


async def test_when_messages_may_be_missing_the_outcome_is_not_known(acknowledgements):
    with acknowledgements.awaiting("", is_chain=False) as awaited:
        waiting = asyncio.create_task(awaited.complete(10))
        await asyncio.sleep(0)
        acknowledgements.lose()
        with pytest.raises(Unanswered, match="the link broke"):
            await waiting


def test_a_message_that_comes_after_a_restart_has_the_callers_reference():
    with Acknowledgements().awaiting("mine", is_chain=False) as awaited:
        message = told(awaited)
    Acknowledgements().take(message)
    assert message.reference_id == "mine"


def test_the_reference_of_somebody_else_stays(acknowledgements):
    message = OutboundMessage(reference_id="dialbridge-is-not-mine")
    acknowledgements.take(message)
    assert message.reference_id == "dialbridge-is-not-mine"


def test_the_calling_list_that_a_record_came_with_is_remembered_for_the_newest_records(acknowledgements):
    for handle in range(1, RECORDS_REMEMBERED + 2):
        acknowledgements.take(OutboundMessage(record=OutboundRecord(record_handle=handle, calling_list="L")))
    assert acknowledgements.calling_list(RECORDS_REMEMBERED + 1) == "L"
    assert acknowledgements.calling_list(1) == ""
