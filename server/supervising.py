"""Supervisors monitor the calls of agents: who may, and whom; what they see and hear, the switch says."""

from dialbridge.v1 import call_service_pb2 as pb
from dialbridge.v1.call_pb2 import (
    SUPERVISOR_ROLE_BARGE_IN,
    SUPERVISOR_ROLE_COACH,
    SUPERVISOR_ROLE_LISTEN_IN,
    SupervisorRole,
)
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_DEVICE_NOT_FOUND, ERROR_REASON_ROLE_MISSING
from dialbridge.v1.user_pb2 import ROLE_SUPERVISOR, SupervisorMonitoring
from server.call_operations import asked
from server.device_operations import DeviceOperations
from server.directory import Directory
from server.features import SUPERVISOR_MONITORING, VOICE, require_feature
from server.principal import Principal
from server.refusals import Refusal
from server.switch import SupervisionOrder, Switch
from server.validation import required

MonitoringRequest = pb.ListenInRequest | pb.CoachRequest | pb.BargeInRequest


class Supervising:
    """Monitoring on behalf of supervisors."""

    def __init__(self, switch: Switch, directory: Directory, devices: DeviceOperations) -> None:
        self._switch = switch
        self._directory = directory
        self._devices = devices

    async def listen_in(
        self, principal: Principal, request: pb.ListenInRequest, time_remaining: float | None
    ) -> pb.ListenInResponse:
        """Hear everybody, heard by nobody. Raises `Refusal`."""
        await self._begin("ListenIn", principal, request, SUPERVISOR_ROLE_LISTEN_IN, time_remaining)
        return pb.ListenInResponse()

    async def coach(
        self, principal: Principal, request: pb.CoachRequest, time_remaining: float | None
    ) -> pb.CoachResponse:
        """Hear everybody, heard by the agent. Raises `Refusal`."""
        await self._begin("Coach", principal, request, SUPERVISOR_ROLE_COACH, time_remaining)
        return pb.CoachResponse()

    async def barge_in(
        self, principal: Principal, request: pb.BargeInRequest, time_remaining: float | None
    ) -> pb.BargeInResponse:
        """Be a party. Raises `Refusal`."""
        await self._begin("BargeIn", principal, request, SUPERVISOR_ROLE_BARGE_IN, time_remaining)
        return pb.BargeInResponse()

    async def cancel(
        self, principal: Principal, request: pb.CancelSupervisorMonitoringRequest, time_remaining: float | None
    ) -> pb.CancelSupervisorMonitoringResponse:
        """Leave. Raises `Refusal`."""
        self._check(principal, request.device_id)
        await asked("CancelSupervisorMonitoring", self._switch.end_supervision(request.device_id), time_remaining)
        await self._devices.monitors(request.device_id, None)
        return pb.CancelSupervisorMonitoringResponse()

    async def _begin(
        self,
        name: str,
        principal: Principal,
        request: MonitoringRequest,
        role: SupervisorRole.ValueType,
        time_remaining: float | None,
    ) -> None:
        self._check(principal, request.device_id)
        if not request.target_device_id:
            raise required("target_device_id")
        if self._directory.device(request.target_device_id) is None:
            raise _no_device(request.target_device_id)
        every_call = request.mode != pb.MONITORING_MODE_NEXT_CALL
        order = SupervisionOrder(request.target_device_id, role, every_call)
        await asked(name, self._switch.supervise(request.device_id, order), time_remaining)
        await self._devices.monitors(
            request.device_id,
            SupervisorMonitoring(role=role, target_device_id=request.target_device_id, next_call_only=not every_call),
        )

    def _check(self, principal: Principal, device_id: str) -> None:
        require_feature(principal, VOICE)
        require_feature(principal, SUPERVISOR_MONITORING)
        if ROLE_SUPERVISOR not in principal.roles:
            raise Refusal(ERROR_REASON_ROLE_MISSING, "only a supervisor monitors the calls of others")
        if not device_id:
            raise required("device_id")
        if device_id not in principal.device_ids:
            raise _no_device(device_id)


def _no_device(device_id: str) -> Refusal:
    return Refusal(
        ERROR_REASON_DEVICE_NOT_FOUND,
        "there is no such device, or it is not one that the caller may use so",
        metadata={"device_id": device_id[:64]},
    )
