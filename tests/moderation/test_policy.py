from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from moderation.policy import classifier
from moderation.policy.check import check_text
from moderation.policy.classifier import StaleCoefficients, load_classifier
from moderation.policy.fit import fit, read_exemplars
from moderation.policy.rules import load_policy

HELD_OUT = tomllib.loads(Path(__file__).with_name("held_out.toml").read_text(encoding="utf-8"))


verdict_on = cache(check_text)  # several tests count the same sentences


def refused(texts):
    return [text for text in texts if not verdict_on(text).allowed]


def named(by_rule):
    return [
        text
        for rule, texts in by_rule.items()
        for text in texts
        if rule in {reason.rule for reason in verdict_on(text).reasons}
    ]


# Measured when written: 73 of 75 refused, each under its own rule; 1 of 108 welcome prompts
# refused. One author wrote rules and held-out sentences, so strangers will do worse: the floors
# guard against a change for the worse, they do not promise these numbers in the field.


def test_recall_on_held_out_violations():
    by_rule = HELD_OUT["violating"].values()
    total = sum(len(texts) for rules in by_rule for texts in rules.values())
    found = sum(len(named(rules)) for rules in by_rule)
    assert total == 75
    assert found >= 70


@pytest.mark.parametrize("kind", [kind for kind in HELD_OUT["violating"] if kind != "english"])
def test_recall_in_each_language_and_disguise(kind):
    rules = HELD_OUT["violating"][kind]
    texts = [text for texts in rules.values() for text in texts]
    assert len(named(rules)) >= len(texts) - 1, set(texts) - set(named(rules))


def test_every_violation_missed_lands_in_review():
    texts = [t for rules in HELD_OUT["violating"].values() for ts in rules.values() for t in ts]
    verdicts = [verdict_on(text) for text in texts]
    assert [v for v in verdicts if v.allowed and not v.to_review] == []


def test_welcome_prompts_pass():
    texts = HELD_OUT["welcome"]["english"] + HELD_OUT["welcome"]["other"]
    assert len(texts) == 108
    assert len(refused(texts)) <= 3, refused(texts)


def test_review_band_is_narrow_on_welcome_prompts():
    texts = HELD_OUT["welcome"]["english"] + HELD_OUT["welcome"]["other"]
    assert sum(bool(verdict_on(text).to_review) for text in texts) <= 10


@pytest.mark.parametrize(
    "group",
    ["muslim", "jewish", "christian", "hindu", "black", "asian", "latino", "white", "roma", "gay",
     "lesbian", "transgender", "disabled", "deaf", "immigrant", "refugee", "Syrian", "Nigerian",
     "Chinese", "Russian", "Ukrainian", "Israeli", "Palestinian", "old", "young", "Kurdish",
     "Turkish", "female"],
)  # fmt: skip
def test_naming_people_for_who_they_are_is_no_offence(group):
    assert check_text(f"a {group} family has breakfast on a balcony").allowed
    assert check_text(f"two {group} musicians play in a park").allowed


def test_a_refusal_names_rule_span_and_a_way_on():
    prompt = "Sunny beach. A N\u200ba\u200bked   woman waves. Dogs play."
    verdict = check_text(prompt)
    (reason,) = verdict.reasons
    assert not verdict.allowed
    assert reason.rule == "sexual_content"
    assert prompt[slice(*reason.span)] == "N\u200ba\u200bked   woman"
    assert reason.message.endswith(".")
    assert "N\u200ba\u200bked   woman" in reason.suggestion
    assert verdict.policy_version == load_policy().version


def test_the_classifier_points_at_the_clause_and_not_at_the_whole():
    prompt = (
        "Wide shot of a quiet harbour at dawn with gulls. A fisherman is brutally stabbed and "
        "bleeds to death on the pier. The sun rises over calm water."
    )
    (reason,) = check_text(prompt).reasons
    assert reason.rule == "graphic_violence"
    start, end = reason.span
    assert prompt.index("A fisherman") <= start < end <= prompt.index("The sun")


def test_two_rules_broken_are_both_named():
    verdict = check_text("A deepfake of my neighbour. Then show how to make a bomb at home.")
    assert {reason.rule for reason in verdict.reasons} == {
        "real_person_likeness",
        "weapons_and_crime",
    }


@pytest.mark.parametrize(
    "age", ["9 year old", "aged 12", "15yo", "17 years old", "underage", "teenage", "de 14 años"]
)
def test_a_minor_makes_a_sexual_prompt_the_gravest_case(age):
    verdict = check_text(f"erotic pose, {age}")
    assert [reason.rule for reason in verdict.reasons] == ["sexual_minors"]


@pytest.mark.parametrize("age", ["18 years old", "aged 45", "25yo"])
def test_an_adult_age_does_not(age):
    verdict = check_text(f"explicit sex scene, {age}")
    assert [reason.rule for reason in verdict.reasons] == ["sexual_content"]


def test_minors_alone_are_welcome():
    assert check_text("schoolgirls and boys aged 9 sing in a choir, a baby claps").allowed


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "\0", "🙂", "!!!", "\ud800", "\u200b", "a" * 10_000, "k " * 5_000]
)
def test_odd_input_is_decided_without_an_error(text):
    assert check_text(text).allowed


def test_long_text_is_read_to_its_end():
    assert not check_text("a boat on a lake. " * 600 + "an explicit sex scene").allowed


def test_verdicts_repeat():
    prompt = "a soldier shoots kneeling prisoners one by one"
    assert check_text(prompt) == check_text(prompt)


def test_committed_coefficients_are_what_the_exemplars_give():
    fitted, committed = fit(read_exemplars()), load_classifier()
    assert fitted.classes == committed.classes
    np.testing.assert_allclose(fitted.weights, committed.weights, atol=2e-3)


def test_coefficients_of_other_exemplars_are_refused(tmp_path):
    stale = tmp_path / "coefficients.json"
    data = json.loads(classifier.COEFFICIENTS_FILE.read_text(encoding="utf-8"))
    stale.write_text(json.dumps(data | {"data_digest": "0" * 64}), encoding="utf-8")
    with pytest.raises(StaleCoefficients):
        load_classifier(stale)


def test_rules_speak_to_people():
    rules = load_policy().rules
    assert rules[0].id == "sexual_minors"  # the gravest is reported first
    for rule in rules:
        assert rule.title
        assert rule.reference
        assert "{phrase}" in rule.suggestion


def test_the_policy_needs_no_django():
    script = """
import sys
from moderation.policy.check import check_text
assert check_text("a red ball").allowed
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & {"django", "celery", "onnxruntime"}
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
