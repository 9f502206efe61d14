"""Freed memory is kept for the next request by glibc's malloc, and others are left alone."""

import ctypes
import platform

import pytest

from web.malloc import keep_freed_memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc is not glibc's here")
def test_glibc_takes_the_thresholds() -> None:
    assert keep_freed_memory(64 * 1024 * 1024)


def test_zero_leaves_malloc_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(ctypes, "CDLL")
    assert not keep_freed_memory(0)


@pytest.mark.parametrize("trouble", [OSError, AttributeError, TypeError])
def test_another_libc_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    def library(_: None) -> None:
        raise trouble

    monkeypatch.setattr(ctypes, "CDLL", library)
    assert not keep_freed_memory(1024)
