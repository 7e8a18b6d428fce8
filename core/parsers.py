"""Request bodies: JSON that the stack survives, and pictures that are not too large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser

from core.pictures import PICTURE_BYTES_MAX, PictureTooLarge

_MULTIPART_OVERHEAD_BYTES = 64 * 1024


class JsonParser(JSONParser):
    """DRF's parser, with nesting that would overflow the stack as one more malformed body."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the decoded body.

        Raises:
            ParseError: it is not JSON, or nested too deep.
        """
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deep.") from error


class PictureParser(MultiPartParser):
    """A form around one picture, refused by its stated size before a byte of it is stored."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parts of the body.

        Raises:
            PictureTooLarge: the body is larger than one picture may be.
        """
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > PICTURE_BYTES_MAX + _MULTIPART_OVERHEAD_BYTES:
            raise PictureTooLarge
        return super().parse(stream, media_type, parser_context)
