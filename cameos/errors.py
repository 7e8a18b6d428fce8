"""What can go wrong with a likeness and its terms."""

from __future__ import annotations

from http import HTTPStatus

from core.errors import DomainError, Forbidden, InvalidField, NotFound


class CameoNotFound(NotFound):
    """No cameo has this handle, or none that who asks may see."""

    code = "cameo_not_found"
    title = "There is no such cameo."


class CameoNotPermitted(Forbidden):
    """The terms of a cameo do not permit this use.

    `cameo` is its handle, `reason` a code of `cameos.policy.permission` (`unknown` also for cameos
    that are not visible), `rule` the restriction that was violated.
    """

    code = "cameo_not_permitted"
    title = "The cameo's owner does not permit this use."


class LikenessWithoutConsent(Forbidden):
    """A face is shown whose owner has not agreed to it; whose, the author is not told."""

    code = "likeness_without_consent"
    title = "It shows the face of somebody who has not agreed to it."


class LikenessInDoubt(DomainError):
    """A moderator has not looked yet at a face of the clip, or has found whose it is."""

    code = "likeness_in_doubt"
    status = HTTPStatus.CONFLICT
    title = "A moderator looks at the faces of this clip before others can see it."


class DoubtNotFound(NotFound):
    """There is no such doubt."""

    code = "doubt_not_found"
    title = "There is no such doubt."


class DoubtSettled(DomainError):
    """Another moderator was first."""

    code = "doubt_settled"
    status = HTTPStatus.CONFLICT
    title = "A colleague has decided on this already."


class ProtectedFaceNotFound(NotFound):
    """No such protected face, or not theirs."""

    code = "protected_face_not_found"
    title = "You have no such protected face."


class ListedFaceNotFound(NotFound):
    """The operator has no such entry, or ended it."""

    code = "listed_face_not_found"
    title = "There is no such entry."


class PictureWithoutFace(InvalidField):
    """A picture shows no face that can be recognised, or several."""

    code = "picture_without_face"
    title = "The picture must show one face, large enough to be recognised."


class TooManyCharacters(DomainError):
    """The account has as many characters as it may."""

    code = "too_many_characters"
    status = HTTPStatus.CONFLICT
    title = "You have as many characters as an account may have; end one first."


class CharacterNameTaken(InvalidField):
    """The owner has a character of that name already."""

    code = "character_name_taken"
    title = "You have a character of this name already."


class CharacterNameTooLong(InvalidField):
    """With its owner's username the name is too long for a handle."""

    code = "character_name_too_long"
    title = "This name is too long together with your username."
