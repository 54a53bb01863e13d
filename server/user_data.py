"""What becomes of a call's user data when pairs are attached, updated or deleted; pure, every function returns new
data.

GWS reference, AttachUserData and its siblings: attaching adds also where a key is there already, because T-Server may
hold a key twice; updating overwrites.
"""

from dialbridge.v1.user_data_pb2 import UserData, UserDataPair


def attached(data: UserData, addition: UserData) -> UserData:
    """``data`` with every pair of ``addition`` behind it."""
    return UserData(pairs=[*data.pairs, *addition.pairs])


def updated(data: UserData, addition: UserData) -> UserData:
    """``data`` in which each key of ``addition`` stands once: in its old place, or behind, with its last value."""
    return merged(data, addition, once=frozenset(pair.key for pair in addition.pairs))


def without_key(data: UserData, key: str) -> UserData:
    """``data`` without the pairs with this key."""
    return UserData(pairs=[pair for pair in data.pairs if pair.key != key])


def merged(*parts: UserData, once: frozenset[str] | None = None) -> UserData:
    """All parts in order; a key that stands in several keeps its first place and gets the value that was given last.

    ``once``: only these keys are made to stand once; None: all.
    """
    pairs: list[UserDataPair] = []
    places: dict[str, int] = {}
    for part in parts:
        for pair in part.pairs:
            if once is not None and pair.key not in once:
                pairs.append(pair)
            elif pair.key in places:
                pairs[places[pair.key]] = pair
            else:
                places[pair.key] = len(pairs)
                pairs.append(pair)
    return UserData(pairs=pairs)
