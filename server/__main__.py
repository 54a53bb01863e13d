"""``python -m server`` is ``dialbridge serve``."""

import sys

from dialbridge_client.command_line import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
