"""Static files under names that carry their hash, served straight from ASGI with year-long caching."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

YEAR_S = 31_536_000


class HashedStaticFiles(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


class ImmutableStaticFiles(StaticFiles):
    """Serve the collected files; every name there is hashed or never changes within a release."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as refused:  # nobody above turns it into an answer
            return PlainTextResponse(f"{refused.detail}\n", refused.status_code, refused.headers)
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
