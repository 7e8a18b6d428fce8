# ruff: noqa: RUF001, RUF003 letters that look like others are the subject here
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perception.normalise import normalise


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        ("Hello  WORLD", "hello world"),
        ("ＦＵＬＬ　width", "full width"),
        ("𝐛𝐨𝐥𝐝 Ⓒⓘⓡⓒⓛⓔ", "bold circle"),
        ("zero\u200bwidth so\u00adft \u202ertl", "zerowidth soft rtl"),
        ("nul\0byte", "nulbyte"),
        ("z\u0337a\u0337l\u0337g\u0337o\u0337", "zalgo"),
        ("e\u0301te\u0301 NIÑA Straße", "été niña strasse"),
        ("kn1fe b0mb p@per $ilver ki11 n4ked", "knife bomb paper silver kill naked"),
        ("mp4 h264 4k 1080p 15yo 1990s 2nd 100", "mp4 h264 4k 1080p 15yo 1990s 2nd 100"),
        ("wow! @handle #tag", "wow! @handle #tag"),
        ("nаkеd", "naked"),  # Cyrillic а, е among Latin letters
        ("привет мир", "привет мир"),  # a word of its own alphabet stays
        ("сор", "сор"),
        ("k i l l", "kill"),
        ("k.i.l.l k-i-l-l k_i_l_l", "kill kill kill"),
        ("k i l l   a   m a n", "kill a man"),
        ("a b", "a b"),
        ("plan b or c", "plan b or c"),
        ("kiiiiill loooove", "kill love"),
        ("book committee", "book committee"),
        ("1000000 ああああ", "1000000 ああああ"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("\u1112\u1161\u11ab", "한"),
        ("", ""),
    ],
)
def test_disguises_are_undone(original, expected):
    assert normalise(original).text == expected


@pytest.mark.parametrize(
    ("original", "found", "span"),
    [
        ("a red b0mb here", "bomb", "b0mb"),
        ("the na\u200bk\u200bed truth", "naked", "na\u200bk\u200bed"),
        ("oh k i l l it", "kill", "k i l l"),
        ("ａ ｋｎｉｆｅ", "knife", "ｋｎｉｆｅ"),
        ("so looooove it", "love", "looooove"),
        ("ﬁne ﬁre", "fire", "ﬁre"),
        ("cafe\u0301 noir", "café", "cafe\u0301"),
        ("𝐬𝐭𝐚𝐛 me", "stab", "𝐬𝐭𝐚𝐛"),
        ("İstanbul knife", "knife", "knife"),
    ],
)
def test_a_finding_points_at_the_original_letters(original, found, span):
    text = normalise(original)
    start = text.text.index(found)
    near, far = text.original_span(start, start + len(found))
    assert original[near:far] == span


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_text_is_accepted_and_every_character_has_an_origin(original):
    text = normalise(original)
    assert len(text.skeleton) == len(text.text)
    last = 0
    for at in range(len(text.text)):
        start, end = text.original_span(at, at + 1)
        assert 0 <= last <= start < end <= len(original)
        last = start
    for start, end in text.joined:
        assert 0 <= start < end <= len(text.text)


@given(st.text(alphabet="abk. -_1@аеё\u200b\u0301", max_size=60))
@settings(max_examples=300, deadline=None)
def test_hostile_mixtures_keep_their_origins_in_order(original):
    text = normalise(original)
    starts = [text.original_span(at, at + 1)[0] for at in range(len(text.text))]
    assert starts == sorted(starts)
