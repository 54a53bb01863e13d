"""Who has a contact centre session, and so which devices are registered; pure, and gone with the process."""

from server.directory import Device, Directory


class ContactCenterSessions:
    """The agents that have started a session and not ended it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._open: set[str] = set()  # bounded by the users of the directory

    def start(self, user_name: str) -> None:
        """Open the user's session; opening it twice is one session."""
        self._open.add(user_name)

    def end(self, user_name: str) -> None:
        """End the user's session, if there is one."""
        self._open.discard(user_name)

    def has_session(self, user_name: str) -> bool:
        """Whether the user has a session."""
        return user_name in self._open

    def is_registered(self, device: Device) -> bool:
        """Whether the device can dial: always, unless the contact centre demands a session."""
        return not self._directory.contact_center.require_session or device.user_name in self._open
