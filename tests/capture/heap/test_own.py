import sys
from pathlib import Path

import leakprobe
from leakprobe.capture.heap.own import (
    FILE_PREFIX,
    PACKAGE,
    SHARED_FILE,
    SHARED_FILES,
    own_addresses,
)
from leakprobe.web import middleware


def test_files_are_named_as_code_objects_name_them() -> None:
    code = middleware.LeakProbeMiddleware.__init__.__code__
    assert code.co_filename == SHARED_FILE
    assert own_addresses.__code__.co_filename.startswith(FILE_PREFIX)
    assert str(PACKAGE) == str(Path(leakprobe.__file__).parent)


def test_what_calls_the_application_is_there() -> None:
    assert all(Path(file).is_file() for file in SHARED_FILES)


def test_ours_are_the_given_objects_and_our_modules_with_their_namespaces() -> None:
    table: list[object] = []
    addresses = own_addresses([table])
    assert addresses[0] == id(table)
    assert {id(middleware), id(vars(middleware)), id(leakprobe)} <= set(addresses)
    assert id(sys) not in addresses
    assert id(vars(sys)) not in addresses
