"""Functions of the C library, found once."""

import ctypes

from leakprobe.capture.libc import find_function


def test_a_function_is_found_once_and_typed() -> None:
    find = find_function("labs", ctypes.c_long, ctypes.c_long)
    assert find is not None
    assert find(-(1 << 40)) == 1 << 40
    assert find_function("labs", ctypes.c_long, ctypes.c_long) is find


def test_what_is_not_there_is_none() -> None:
    assert find_function("no_such_function_anywhere", ctypes.c_int) is None


def test_the_same_function_with_other_types_is_another() -> None:
    one = find_function("llabs", ctypes.c_longlong, ctypes.c_longlong)
    other = find_function("llabs", None, ctypes.c_longlong)
    assert one is not None
    assert other is not None
    assert (one(-3), other(-3)) == (3, None)
