import asyncio
from pathlib import Path

import httpx
import pytest

from vasistas.config.staticfiles import ImmutableStaticFiles


def ask(folder: Path, method: str, path: str) -> httpx.Response:
    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=ImmutableStaticFiles(directory=folder))
        async with httpx.AsyncClient(transport=transport, base_url="http://cams.example") as client:
            return await client.request(method, path)

    return asyncio.run(asked())


def test_a_file_may_be_kept_for_a_year(tmp_path: Path) -> None:
    (tmp_path / "site.css").write_text("body {}")
    answer = ask(tmp_path, "GET", "/site.css")
    assert (answer.status_code, answer.text) == (200, "body {}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/none.css", 404), ("POST", "/site.css", 405), ("GET", "/..%2f..%2fsecret", 404)],
)
def test_what_is_not_there_is_an_answer_not_a_fault(tmp_path: Path, method: str, path: str, status: int) -> None:
    (tmp_path / "site.css").touch()
    answer = ask(tmp_path, method, path)
    assert answer.status_code == status
    assert "immutable" not in answer.headers.get("Cache-Control", "")
