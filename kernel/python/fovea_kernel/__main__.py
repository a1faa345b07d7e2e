"""Program that kernel.json starts: `python -m fovea_kernel -f CONNECTION_FILE`."""

import argparse

from .launch import KERNEL, hand_over
from .node import NodeMissing, find_node


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fovea_kernel")
    parser.add_argument("-f", dest="connection_file", required=True, help="written by the front end")
    connection_file = parser.parse_args().connection_file
    try:
        node = find_node()
    except NodeMissing as missing:
        # Loaded only here: a start with Node never waits for these imports.
        from .without_node import serve

        serve(connection_file, str(missing))
    else:
        hand_over(node, KERNEL, connection_file)


main()
