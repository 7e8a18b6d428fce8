"""What restrictions find and miss, on the written examples of restrictions.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cameos.policy.own_words import find_forms, read_own_words
from cameos.policy.restrictions import find_violation, rules
from perception.normalise import normalise

EXAMPLES = tomllib.loads(Path(__file__).with_name("restrictions.toml").read_text(encoding="utf-8"))
TAGS = sorted(rules().tags)


def broken(tag, text, **more):
    return find_violation(tags=[tag], own_words="", texts={"prompt": text}, **more)


def rate(found):
    return sum(map(bool, found)), len(found)


# --- tags


@pytest.mark.parametrize("tag", TAGS)
def test_listed_words_are_found_in_every_disguise_and_language_and_the_span_shows_them(tag):
    for text in EXAMPLES["words"][tag]:
        violation = broken(tag, f"Morning light. {text}")
        assert violation is not None, text
        assert (violation.rule, violation.field) == (tag, "prompt")
        start, end = violation.span
        assert 15 <= start < end <= 15 + len(text)


def test_every_tag_has_a_title_and_enough_meanings_and_examples():
    for name, tag in rules().tags.items():
        assert tag.title, name
        assert len(tag.meanings) >= 4, name
        for part in (
            EXAMPLES["words"],
            EXAMPLES["meaning"]["tuned"],
            EXAMPLES["meaning"]["held_out"],
            EXAMPLES["traps"]["tuned"],
            EXAMPLES["traps"]["held_out"],
        ):
            assert len(part[name]) >= 3, name


@pytest.mark.parametrize(("part", "least"), [("tuned", 0.78), ("held_out", 0.85)])
def test_meaning_finds_most_of_what_words_do_not(part, least):
    examples = [(tag, text) for tag, texts in EXAMPLES["meaning"][part].items() for text in texts]
    hits, of = rate([broken(tag, text) for tag, text in examples])
    print(f"{part}: {hits} of {of} found")  # noqa: T201 - the figure of docs/likeness.md
    assert hits / of >= least


@pytest.mark.parametrize(("part", "most"), [("tuned", 0.04), ("held_out", 0.08)])
def test_few_ordinary_prompts_are_stopped_under_all_tags(part, most):
    texts = EXAMPLES["ordinary"][part]
    alarms = [
        (text, violation.rule)
        for text in texts
        if (violation := find_violation(tags=TAGS, own_words="", texts={"prompt": text}))
    ]
    print(f"ordinary: {len(alarms)} of {len(texts)} stopped under all tags: {alarms}")  # noqa: T201
    assert len(alarms) / len(texts) <= most


@pytest.mark.parametrize("part", ["tuned", "held_out"])
def test_traps_mostly_pass(part):
    traps = [(tag, text) for tag, texts in EXAMPLES["traps"][part].items() for text in texts]
    alarms, of = rate([broken(tag, text) for tag, text in traps])
    print(f"traps: {alarms} of {of} stopped")  # noqa: T201
    assert alarms / of <= 0.15


def test_the_handles_of_the_cast_are_names_and_no_words():
    text = "@lady_wine and @beer.fan walk"
    assert broken("no_alcohol_or_drugs", text, handles=["lady_wine", "beer.fan"]) is None
    violation = broken("no_alcohol_or_drugs", "@beer.fan and beer", handles=["beer.fan"])
    assert violation.span == (14, 18)
    assert broken("no_alcohol_or_drugs", "@beer and @ada", handles=["ada"]) is not None


@pytest.mark.parametrize(
    ("tag", "line"), [("no_swimwear", 0.3), ("no_sexual_content", 0.5), ("no_horror", None)]
)
def test_the_picture_binds_where_the_tag_has_a_line(tag, line):
    for nudity in (0.0, 0.29, 0.3, 0.49, 0.5, 0.79):
        violation = find_violation(tags=[tag], own_words="", texts={}, nudity=nudity)
        assert (violation is not None) == (line is not None and nudity >= line)
        if violation is not None:
            assert (violation.rule, violation.field, violation.span) == (tag, "picture", None)


def test_the_transcript_binds_as_the_prompt_does():
    violation = find_violation(
        tags=["no_politics"], own_words="", texts={"prompt": "Hi.", "transcript": "Vote for me!"}
    )
    assert (violation.field, violation.span) == ("transcript", (0, 4))


def test_without_restrictions_nothing_is_read():
    assert find_violation(tags=[], own_words="", texts={"prompt": "sex and guns"}) is None
    assert find_violation(tags=["no_such_tag"], own_words=" ; ", texts={"prompt": "guns"}) is None


# --- the owner's own words


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("no clowns; never with snakes; not in a kitchen", ["clowns", "snakes", "kitchen"]),
        ("Please don't show me smoking or drinking.", ["smoking", "drinking"]),
        ("Keine Autos und nie auf einem Boot", ["autos", "boot"]),
        ("sin perros, nunca en un hospital", ["perros", "hospital"]),
        ("no hot air balloons", ["hot air balloons"]),
        ("fire", ["fire"]),
    ],
)
def test_clauses_are_read_as_rules(text, cores):
    reading = read_own_words(text)
    assert [rule.core for rule in reading.rules] == cores
    assert reading.unclear == ()


@pytest.mark.parametrize("text", ["must wear a hat", "only outdoors", "no", "nur mit Hut", "no a"])
def test_what_forbids_nothing_is_unclear(text):
    reading = read_own_words(f"no clowns; {text}")
    assert [rule.core for rule in reading.rules] == ["clowns"]
    assert reading.unclear == (text,)


@pytest.mark.parametrize("own", EXAMPLES["own"], ids=lambda own: own["text"][:20])
def test_own_words_are_found_in_all_their_forms(own):
    reading = read_own_words(own["text"])
    for text in own["breaks"]:
        read = normalise(text)
        assert any(find_forms(read, rule) for rule in reading.rules), text
        violation = find_violation(tags=[], own_words=own["text"], texts={"caption": text})
        assert violation.field == "caption"
        assert violation.rule in {rule.rule for rule in reading.rules}


def test_own_words_are_found_by_meaning_and_ordinary_prompts_pass():
    owns = EXAMPLES["own"]
    means = [(own["text"], text) for own in owns for text in own["means"]]
    fine = [(own["text"], text) for own in owns for text in own["fine"]]
    ordinary = [text for part in EXAMPLES["ordinary"].values() for text in part]
    # By text and not by owner: what was read once is remembered.
    fine += [(own["text"], text) for text in ordinary for own in owns]

    def check(pairs):
        found = [
            find_violation(tags=[], own_words=words, texts={"prompt": text})
            for words, text in pairs
        ]
        return rate(found), [p for p, v in zip(pairs, found, strict=True) if v]

    (hits, of), _ = check(means)
    (alarms, among), stopped = check(fine)
    print(f"own words: {hits} of {of} by meaning; {alarms} of {among} stopped: {stopped}")  # noqa: T201
    assert hits / of >= 0.75
    assert alarms / among <= 0.03


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("no showers", "show"),
        ("no flowers", "flow"),
        ("no parties", "parts"),
        ("no cars", "cartoon"),
        ("no rats", "ratio"),
        ("no wigs", "wiggle"),
    ],
)
def test_words_that_only_begin_alike_are_not_forms(text, word):
    (rule,) = read_own_words(text).rules
    assert find_forms(normalise(f"a {word} here"), rule) is None
