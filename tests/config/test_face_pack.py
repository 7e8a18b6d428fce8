"""`manage.py face_pack`, the system check and the line of `doctor`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.checks import face_pack_may_be_used, face_pack_may_be_used_in_production
from config.management.commands.doctor import face_pack
from perception.faces import default_pack
from perception.faces.build import DEFAULT_SHA256
from tests.perception.faces import arcface_pack


def said(*arguments):
    output = StringIO()
    call_command("face_pack", *arguments, stdout=output)
    return output.getvalue()


def test_build_says_what_it_made(tmp_path):
    folder = tmp_path / "faces"
    first, second = (said("build", "--pack", str(folder)) for _ in range(2))
    assert first.startswith(f"made: {folder}\n")
    assert second.startswith(f"is up to date: {folder}\n")
    for output in (first, second):
        assert f"sha256: {DEFAULT_SHA256}\nlicence: commercial\nthresholds: same_person" in output


def test_build_without_its_packages_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("perception.faces.build.DEFAULT_SHA256", "0" * 64)
    with pytest.raises(CommandError, match="which was measured"):
        said("build", "--pack", str(tmp_path / "faces"))


def test_check_tries_the_pack_and_allows_it(settings):
    settings.PRODUCTION = True
    output = said("check")
    assert output.startswith(f"intact: {default_pack().resolve()}\n")
    assert "works: one face found" in output
    assert output.endswith("production: allowed\n")


def test_check_of_a_pack_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        said("check", "--pack", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "allowed", "reason", "found"),
    [
        ("buffalo_l", False, "research only", "vignette.E041"),
        ("buffalo_l", True, "research only", "vignette.E041"),
        ("sface", False, "FACE_PACK_ALLOW_UNCLEAR=1", "vignette.E041"),
        ("sface", True, None, "vignette.W040"),
    ],
)
def test_a_pack_of_doubtful_licence_is_for_development(
    tmp_path, settings, name, allowed, reason, found
):
    settings.FACE_PACK = arcface_pack(tmp_path / "pack", model_id=name)
    settings.FACE_PACK_ALLOW_UNCLEAR = allowed
    settings.PRODUCTION = False
    assert ("production: refused" in said("check")) == bool(reason)
    assert face_pack_may_be_used_in_production() == []

    settings.PRODUCTION = True
    assert [each.id for each in face_pack_may_be_used_in_production()] == [found]
    if reason:
        with pytest.raises(CommandError, match=reason):
            said("check")
    else:
        assert "production: allowed" in said("check")


def test_the_system_check_names_a_missing_pack(tmp_path, settings):
    assert face_pack_may_be_used() == []
    assert face_pack() == (
        "ok", f"face pack vignette-yunet-dlib (commercial) {DEFAULT_SHA256[:12]}",
    )  # fmt: skip
    settings.FACE_PACK = tmp_path / "none"
    assert [error.id for error in face_pack_may_be_used()] == ["vignette.E040"]
    state, text = face_pack()
    assert state == "missing"
    assert "manage.py face_pack build" in text
