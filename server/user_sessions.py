"""What callers learn and change about themselves: who they are, what is theirs, their contact centre session."""

from collections.abc import Iterable

from dialbridge.v1 import user_service_pb2 as pb
from dialbridge.v1.error_reason_pb2 import ERROR_REASON_DEVICE_NOT_FOUND, ERROR_REASON_FEATURE_MISSING
from server.authentication import Authenticator
from server.device_operations import DeviceOperations
from server.directory import Directory
from server.features import VOICE
from server.principal import Principal
from server.published_devices import PublishedDevices
from server.refusals import Refusal
from server.validation import required, shown

VOICE_CHANNEL = "voice"
MAX_CHANNELS = 32


class UserSessions:
    """The operations of principals on themselves."""

    def __init__(
        self,
        directory: Directory,
        published: PublishedDevices,
        devices: DeviceOperations,
        authenticator: Authenticator,
    ) -> None:
        self._directory = directory
        self._published = published
        self._devices = devices
        self._authenticator = authenticator

    async def sign_in(self, metadata: Iterable[tuple[str, str | bytes]]) -> pb.SignInResponse:
        """Turn credentials into an access token. Raises `Refusal`."""
        principal, token, expire_time = await self._authenticator.sign_in(metadata)
        response = pb.SignInResponse(user=self._directory.contract_user(principal.user_name), access_token=token)
        response.expire_time.FromSeconds(int(expire_time))
        return response

    async def current_user(self, principal: Principal) -> pb.GetCurrentUserResponse:
        """The caller, the caller's devices as they are now, and the caller's features."""
        return pb.GetCurrentUserResponse(
            user=self._directory.contract_user(principal.user_name),
            devices=[self._published.device(each.id) for each in self._directory.devices_of(principal.user_name)],
            features=self._directory.contract_features(principal.user_name),
        )

    async def start(
        self, principal: Principal, request: pb.StartContactCenterSessionRequest, time_remaining: float | None
    ) -> pb.StartContactCenterSessionResponse:
        """Open the caller's session on the channels that there are. Raises `Refusal`."""
        if not request.channels or len(request.channels) > MAX_CHANNELS:
            raise required("channels", f"channels is required: 1 to {MAX_CHANNELS} names, such as voice")
        if request.device_id and request.device_id not in principal.device_ids:
            raise Refusal(
                ERROR_REASON_DEVICE_NOT_FOUND,
                "there is no such device among the caller's",
                metadata={"device_id": request.device_id[:64]},
            )
        response = pb.StartContactCenterSessionResponse()
        for channel in request.channels:
            result = response.results.add(channel=channel)
            if channel != VOICE_CHANNEL or VOICE not in principal.features:
                result.reason = ERROR_REASON_FEATURE_MISSING
                result.reason_text = f"Channel {shown(channel)} is not offered."
            elif not principal.device_ids:
                result.reason = ERROR_REASON_DEVICE_NOT_FOUND
                result.reason_text = "The user has no device."
            else:
                await self._open(principal, request.device_id, result, time_remaining)
        return response

    async def end(self, principal: Principal, time_remaining: float | None) -> pb.EndContactCenterSessionResponse:
        """End the caller's session, if there is one. Raises `Refusal`."""
        for device in self._directory.devices_of(principal.user_name):
            await self._devices.end_session(device.id, time_remaining)
        return pb.EndContactCenterSessionResponse()

    async def _open(
        self, principal: Principal, device_id: str, result: pb.ChannelResult, time_remaining: float | None
    ) -> None:
        for device in self._directory.devices_of(principal.user_name):
            if device_id in ("", device.id):
                try:
                    await self._devices.start_session(device.id, time_remaining)
                except Refusal as refusal:
                    result.reason = refusal.reason
                    result.reason_text = refusal.text
