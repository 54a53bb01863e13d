"""Outbound campaigns on an embedded store: calling lists, records and leases, call windows, do-not-call; knows nothing
of who asks over which wire."""
