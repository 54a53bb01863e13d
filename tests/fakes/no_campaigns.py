"""An Outbound Contact Server without campaigns, for tests about other things."""


class NoCampaigns:
    """Satisfies ``server.contact_server.OutboundContactServer``."""

    def forbids(self, _):
        return False

    async def perform(self, request, asker):
        raise NotImplementedError

    async def messages(self):
        return
        yield

    async def close(self):
        pass
