"""Pets, objects and drawings as cameos, over HTTP."""

from __future__ import annotations

from http import HTTPStatus

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import user_of
from cameos.selectors import cameos_of, with_portraits
from cameos.serializers.cameos import CameoSerializer
from cameos.serializers.characters import CharacterRequestSerializer
from cameos.services import make_character
from core.api import ApiView, parsed
from core.idempotency import idempotent
from core.parsers import PictureParser
from core.pictures import read_picture


class CharactersView(ApiView):
    """Making characters; they are read and ended as every cameo is."""

    rate = "picture"
    parser_classes = (PictureParser,)

    @extend_schema(
        operation_id="make_character",
        tags=["cameos"],
        request={"multipart/form-data": CharacterRequestSerializer},
        responses={202: CameoSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a character of a picture; a worker looks for human faces in it first.

        With one in it, it is refused (`human_face`) and the picture is destroyed; event
        `character.checked` tells the outcome. Like every cameo it begins with terms that let nobody
        but me use it.
        """
        given = parsed(CharacterRequestSerializer, request)
        user = user_of(request)
        made = make_character(
            by=user,
            name=given["name"],
            picture=read_picture(given["image"].file, field="image").jpeg,
            shown_name=given["display_name"],
        )
        shown = with_portraits(cameos_of(user.pk)).get(pk=made.pk)
        return Response(CameoSerializer(shown).data, status=HTTPStatus.ACCEPTED)
