"""Reads a cookie of a request; sets none."""


def cookie_of(header: str, name: str) -> str:
    """The value of a cookie in a ``Cookie`` header, the last of several; empty when there is none. RFC 6265, 4.2.1.

    Not aiohttp's: an object for each cookie of each request was a sixteenth of what polling costs.
    """
    found = ""
    if name in header:
        for pair in header.split(";"):
            key, _, value = pair.partition("=")
            if key.strip() == name:
                found = value.strip()
    return found[1:-1] if len(found) > 1 and found[0] == found[-1] == '"' else found
