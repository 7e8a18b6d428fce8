"""What a request builds on, as servers of other dialects take it: bytes, never an address."""

from engine.contracts import VideoRequest
from engine.errors import RequestRejected


def film_of(request: VideoRequest) -> bytes | None:
    """The film that an edit begins with; None: it builds on none.

    Raises:
        RequestRejected: it builds on a world, which only our own service reads.
    """
    if request.source is None:
        return None
    if request.source.film is None:
        raise RequestRejected("This engine builds on films only.", param="world")
    return request.source.film.read_bytes()


def refuse_film(request: VideoRequest) -> None:
    """Refuse what builds on a film.

    Raises:
        RequestRejected: it does.
    """
    if request.source is not None:
        raise RequestRejected("This engine builds on no film.", param="video")
