"""The watch over the node: a node that does not answer is a hang."""

import socket
from types import SimpleNamespace

import pytest

from bench.soaking import node as nodes


def test_silence_is_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "ANSWER_S_MAX", 0.1)
    monkeypatch.setattr(nodes, "POLL_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections and never says a word
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        watch = nodes.Watch(SimpleNamespace(url=url, process=SimpleNamespace(poll=lambda: 0)))
        nodes.until(lambda: watch.hangs, within_s=10)
        watch.stop()

    assert watch.answer_s_max >= 0.1


def test_waiting_for_what_never_comes_ends() -> None:
    with pytest.raises(TimeoutError, match="did not become true within 0 s"):
        nodes.until(lambda: False, within_s=0)
