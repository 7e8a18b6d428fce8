"""Language: a prompt → a script (who, how many, what they do, where, when, seen how)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from engine.contracts import NotDrawn
from engine.engines.scene.language.camera import Directing, is_directorial, is_loose
from engine.engines.scene.language.drafts import Draft
from engine.engines.scene.language.finishing import finished
from engine.engines.scene.language.phrases import Lexicon, Phrase, nearest_spelling
from engine.engines.scene.language.script import Script, Subject
from engine.engines.scene.language.speech import Speech
from engine.engines.scene.language.subjects import MAX_SUBJECTS, Cast
from engine.engines.scene.language.surroundings import ADJECTIVES, NOUNS, Surroundings
from engine.engines.scene.language.tokens import tokens_of
from engine.engines.scene.language.vocabulary import Meaning, Vocabulary, vocabulary

CLAUSE_ENDS = frozenset(".;!?")
SETTINGS = ("places", "times", "weathers", "styles")
VERBS = ("actions", "going")
SPEAKING = "talk"
WATERS = frozenset({"water", "wave", "waves", "surf"})
GOING = {"cross": "over", "enter": "into", "leav": "off", "go past": "next to", "pass": "next to"}
LONGEST_NAME = 20
BESIDE = frozenset({"next to", "at", "towards", "in front of", "against"})
FOCUSING = frozenset({"focus", "focuses", "focused", "focusing"})


def read_prompt(
    prompt: str,
    *,
    negative_prompt: str | None = None,
    earlier: Sequence[Subject] = (),
    faces: frozenset[str] | None = None,
) -> Script:
    """Understand a prompt as far as the vocabulary goes; the rest is named in `not_drawn`.

    Never fails: a prompt with nothing known gives one ball and says so.

    Args:
        prompt: what to show.
        negative_prompt: things that must not be shown.
        earlier: who was in earlier shots, the latest first; "the dog" and "she" mean them.
        faces: "@handles" whose faces are given; None: all.
    """
    reader = _Reader(vocabulary(), earlier)
    reader.read(prompt)
    return finished(reader, banned=_named_subjects(negative_prompt or ""), faces=faces)


def _named_subjects(text: str) -> set[str]:
    words, tokens = vocabulary(), tokens_of(text)
    phrases = Lexicon.for_tokens(tokens, words).phrases(tokens)
    return {meaning.name for phrase in phrases if (meaning := phrase.first("subjects"))}


def _is_noun_only(phrase: Phrase) -> bool:
    is_verb = phrase.text == "can" or phrase.has("actions", "going", "relations")
    return phrase.has("subjects") and not is_verb


def _way_of(going: str) -> str:
    """The preposition in a verb of motion: who crosses a bridge goes over it."""
    return next((kind for verb, kind in GOING.items() if going.startswith(verb)), "towards")


class _Reader:
    """Goes through the phrases of one prompt once, from left to right."""

    def __init__(self, words: Vocabulary, earlier: Sequence[Subject]) -> None:
        self.words = words
        self.cast = Cast(words, earlier=[Draft.known(subject) for subject in earlier])
        self.directing = Directing(words)
        self.speech = Speech(self.cast)
        self.settings: dict[str, str] = {}  # place, time, weather, style: the first that was said
        self.mood: str | None = None
        self.focus: Draft | None = None
        self.wants_water = False
        self.is_negated = False
        self.is_ghost = False  # a verb belongs to a noun that cannot be drawn
        self.is_camera_subject = False  # what follows is what the camera does
        self.is_focusing = False  # what follows is what the lens is focused on
        self.article = ""
        self.is_beside = False  # at the place, not in it: "by the sea"
        self.not_drawn: list[NotDrawn] = []
        self.around = Surroundings(words)

    def read(self, prompt: str) -> None:
        """Understand every phrase in its turn."""
        tokens = tokens_of(prompt)
        self.around.phrases = Lexicon.for_tokens(tokens, self.words).phrases(tokens)
        while self.around.at < len(self.around.phrases):
            phrase = self.around.phrases[self.around.at]
            self.around.at += 1
            if phrase.kind == "mark":
                self._take_mark(phrase.text)
            elif phrase.kind == "quote":
                self._take_quote(phrase.said)
            elif phrase.kind == "handle":
                self._take_handle(phrase)
            elif not self._take_grammar(phrase):
                self._take_word(phrase)

    # ── marks, quotations, handles ──

    def _take_mark(self, mark: str) -> None:
        if mark in CLAUSE_ENDS:
            self.cast.end_clause(is_sentence=True)
            self.speech.end_clause()
            self.is_negated = False
        elif mark == ":":
            self.speech.is_announced = True
        else:
            self.cast.end_clause()
            self.cast.is_joined = True
        if mark != ":":
            self.is_camera_subject = self.is_focusing = False

    def _take_quote(self, text: str) -> None:
        following = self.around.next()
        if following and following.text == ",":
            following = self.around.next(1)
        speaks_next = bool(following and self._speaks(following))
        sign = following.first("subjects") if following else None
        is_sign = bool(sign and self.words.subjects[sign.name].written)
        self.speech.quote(text, next_written=is_sign, speaks_next=speaks_next)
        if speaks_next or text[-1] in ".!?":
            self.cast.end_clause(is_sentence=True)

    def _speaks(self, phrase: Phrase) -> bool:
        action = phrase.first("actions")
        return bool(action and self._is_voiced(action.name))

    def _is_voiced(self, action: str) -> bool:
        """Whether a verb can bring what is said: she says it, or laughs it."""
        return action == SPEAKING or self.words.actions[action].expression is not None

    def _take_handle(self, phrase: Phrase) -> None:
        for draft in (*self.cast.drafts, *self.cast.earlier):
            if phrase.text in {(name or "").lower() for name in (draft.face, draft.name)}:
                self.cast.mention(draft, acts_next=self.around.acts_next())
                break
        else:
            draft = Draft(self.words.subjects["person"], face=phrase.said)
            self.cast.drafts.append(draft)
            self.cast.mention(draft, acts_next=self.around.acts_next())
        self.speech.name(draft)

    # ── function words ──

    def _take_grammar(self, phrase: Phrase) -> bool:  # noqa: C901, PLR0912 - one case per word class
        """Take a word that only joins others; answers whether it was one."""
        text, words = phrase.text, self.words
        self.speech.hear(text)
        if text in words.words_of("negations"):
            self.is_negated = True
        elif text in words.grammar["pronouns"] and self._take_pronoun(text):
            pass
        elif text in words.words_of("determiners") or text in words.words_of("fresh"):
            if not phrase.meanings or text in {"a", "an", "the"}:
                self._take_article(text)
        elif text == "can" and self.around.follows_noun():
            pass  # "a man can jump" holds no tin
        elif text == "by":
            self.cast.turn_over()
        elif text == "camera":
            following = self.around.next()
            does_next = following is not None and following.has("camera")
            self.is_camera_subject = does_next or not self.around.leads_to_noun()
            self.article = ""
            self.cast.end_clause()
        elif text == "and":
            self.cast.is_joined = self.cast.is_paired = True
            if any(self.cast.waiting.groups) and self.around.has_adjective_ahead():
                self.cast.waiting.split()
        elif text in words.words_of("conjunctions") or text in words.words_of("sequence"):
            self.cast.end_clause()
            self.speech.end_clause()
            self.cast.is_joined = True
            self.is_camera_subject = False
        elif text in WATERS and not (phrase.meanings and self.around.reads_as_verb(phrase)):
            self.wants_water = True
            self.cast.relation = None
        elif text in FOCUSING:
            self.is_focusing = True
        else:
            return False
        return True

    def _take_article(self, text: str) -> None:
        self.article = text
        if text in {"no", "any"}:
            self.is_negated |= text == "no"

    def _take_pronoun(self, text: str) -> bool:
        """Whom a pronoun means; "her hat" and "both dogs" are no pronouns."""
        following = self.around.next()
        if (
            text in {"her", "all", "both", "everything"}
            and following
            and (
                following.has(*NOUNS, *ADJECTIVES)
                or following.text in self.words.words_of("determiners") | {"of"}
            )
        ):
            self.article = "both" if text == "both" else self.article
            return False
        called = self.words.grammar["pronouns"][text]
        draft = self.cast.pronoun(called)
        if draft and called in {"he", "she"}:
            draft.called = called
        if draft is None:
            kind = {"he": "man", "she": "woman"}.get(called)
            if kind and self.around.acts_next():
                self.cast.name(
                    self.words.subjects[kind], is_plural=False, article="a", acts_next=True
                )
            return True
        if not (called == "they" and draft in self.cast.actors):
            self.cast.mention(draft, acts_next=self.around.acts_next())
        self.speech.name(draft)
        return True

    # ── words with a meaning ──

    def _take_word(self, phrase: Phrase) -> None:
        if (
            self.around.has_line(phrase)
            and not phrase.has("subjects")
            and self._take_proper_name(phrase)
        ):
            return
        meaning = self._fitting(phrase)
        if meaning is None:
            self._take_unknown(phrase)
            return
        is_taken = self.settings.get(meaning.kind) not in {None, meaning.name}
        if meaning.is_nearest and not self.is_negated and not is_taken:
            self.not_drawn.append(NotDrawn(phrase.said.lower(), self.words.said(meaning)))
        self._take(meaning, phrase)

    def _take(self, meaning: Meaning, phrase: Phrase) -> None:
        takers: dict[str, Callable[[str, Phrase], None]] = {
            **dict.fromkeys(ADJECTIVES, partial(self._take_adjective, meaning.kind)),
            "subjects": self._take_subject,
            "actions": self._take_action,
            "going": self._take_action,
            "camera": self._take_direction,
            "relations": self._take_relation,
            "garments": self._take_garment,
            "paces": self._take_pace,
            "turns": lambda name, _: self._take_turns(self.words.grammar["turns"][name]),
            "manners": lambda name, _: self.speech.take_manner(name),
            "voices": lambda name, _: self.speech.take_voice(name),
        }
        take = takers.get(meaning.kind, partial(self._take_setting, meaning.kind))
        take(meaning.name, phrase)

    def _fitting(self, phrase: Phrase) -> Meaning | None:
        """What a phrase means here; None for nothing that fits."""
        if self._is_direction(phrase):
            return phrase.first("camera")
        fits = [m for m in phrase.meanings if m.kind != "camera"]
        if phrase.text.isdecimal() and not fits:
            fits = [Meaning("numbers", phrase.text)]
        adjectives = [m for m in fits if m.kind in ADJECTIVES]
        others = [m for m in fits if m.kind not in ADJECTIVES]
        if adjectives and (self.around.leads_to_noun() or not others):
            return adjectives[0]
        verb = next((m for m in others if m.kind in VERBS), None)
        noun = next((m for m in others if m.kind not in {*VERBS, "manners"}), None)
        manner = phrase.first("manners")
        if manner and (verb or self.speech.is_announced or self.speech.open_line):
            self.speech.take_manner(manner.name)
        if verb and noun:
            return verb if self.around.reads_as_verb(phrase) else noun
        return verb or noun

    def _is_direction(self, phrase: Phrase) -> bool:
        if not is_loose(phrase, self.words) or self.is_camera_subject:
            return phrase.has("camera")
        is_noun = phrase.has("subjects") and self.article != ""
        around = self.around
        return not is_noun and is_directorial(around.phrases, around.at - 1, self.words)

    def _take_adjective(self, kind: str, name: str, phrase: Phrase) -> None:
        mood = phrase.first("moods")  # "a sad man" is also music
        self.mood = self.mood or (mood.name if mood else None)
        following = self.around.next()
        if kind == "numbers" and following and following.text in {"times", "degrees"}:
            number = int(name) if name.isdecimal() else self.words.numbers[name]
            self._take_turns(number if following.text == "times" else max(1, number // 360))
        elif self.around.leads_to_noun() or not self.cast.drafts:
            self.cast.waiting.add(kind, name)
        elif not self.around.is_of_unknown_noun():
            self.cast.dress_last(kind, name)

    def _take_subject(self, name: str, phrase: Phrase) -> None:
        following = self.around.next()
        if not (phrase.ending or self.is_negated) and following and _is_noun_only(following):
            return  # "golden retriever puppy": the last noun is the thing
        article, self.article = self.article, ""
        self.is_ghost = False
        if self.is_negated:
            self.cast.waiting.taken()
            self.cast.relation = None
            self.is_negated = False
            return
        text = self.cast.waiting.groups[-1].pop("text", None)
        self.is_camera_subject = False
        self.cast.name(
            self.words.subjects[name],
            is_plural=phrase.is_plural,
            article=article,
            acts_next=self.around.acts_next(),
        )
        draft = self.cast.last
        if draft is None:
            return
        if text:
            draft.text = text
        if self.is_focusing:
            self.focus = draft
        self.speech.name(draft)

    def _take_relation(self, name: str, _: Phrase) -> None:
        if not self.is_focusing:
            self.cast.relate(name)

    def _take_garment(self, name: str, phrase: Phrase) -> None:
        if not self.is_negated:
            self.cast.wear(name, phrase.said)
        self.is_negated, self.article = False, ""

    def _take_action(self, name: str, phrase: Phrase) -> None:
        article, self.article = self.article, ""
        if self._is_no_action(name, phrase):
            return
        is_going = name == "going"
        if is_going:
            name = self._way_of_going()
        is_attribute = self.around.is_attribute(phrase) and (
            article != ""
            or (not self.around.follows_noun() and bool(self.around.is_after_adjective()))
        )
        self.cast.act(
            name,
            phrase.said.lower(),
            follows_noun=self.around.follows_noun(),
            is_attribute=is_attribute and self.around.leads_to_noun(),
            is_singular=phrase.ending in {"s", "es", "ies"},
        )
        if is_going:
            self.cast.relate(_way_of(phrase.entry))
        for doer in self.cast.doers:
            doer.brings = doer.brings or self.words.brings.get(phrase.entry)
        if self._is_voiced(name):
            self.speech.is_announced = True
        if self.words.actions[name].wet:
            self.wants_water = True

    def _is_no_action(self, name: str, phrase: Phrase) -> bool:
        """Whether nobody in the picture does what the verb says."""
        if self.is_camera_subject:
            self.not_drawn.append(NotDrawn(f"camera {phrase.said}".lower(), None))
            return True
        if self.is_negated or self.is_ghost:
            self.is_negated = self.is_ghost = False
            return True
        if name == SPEAKING and self.cast.last and self.cast.last.kind.written:
            return True
        # A noun: "she takes a walk", "he catches the throw".
        before = self.around.before()
        is_noun = phrase.ending == "" and before is not None and before.text in {"a", "the"}
        return is_noun and bool(self.cast.doers)

    def _way_of_going(self) -> str:
        doer = next(iter(self.cast.actors), None) or self.cast.last
        if doer is None:
            return "slide"
        going = self.words.grammar["going"].get(doer.kind.actor or "")
        is_round = doer.kind.parts[0].shape == "sphere"
        return going or ("hover" if doer.kind.floats else "roll" if is_round else "slide")

    def _take_direction(self, choice: str, phrase: Phrase) -> None:
        choice, taken = self.directing.directed(
            choice, phrase, self.around.phrases[self.around.at :]
        )
        said = " ".join(
            p.said for p in self.around.phrases[self.around.at - 1 : self.around.at + taken]
        )
        self.around.at += taken
        self.directing.choose(choice, said.lower())
        self.is_focusing = choice == "focus.rack"
        self.cast.end_clause()

    def _take_pace(self, name: str, phrase: Phrase) -> None:
        if self.is_camera_subject:
            return
        mood = phrase.first("moods")
        self.mood = self.mood or (mood.name if mood else None)
        if self.around.leads_to_noun():
            self.cast.waiting.add("paces", name)
        else:
            pace = self.words.grammar["paces"][name]
            self.cast.set_pace(pace, leads_to_verb=self.around.leads_to_verb())

    def _take_turns(self, turns: int) -> None:
        if self.around.leads_to_verb():
            self.cast.turns = turns
        else:
            self.cast.set_turns(turns)

    def _take_setting(self, kind: str, name: str, phrase: Phrase) -> None:
        self.cast.relation = None
        self.article = ""
        if kind == "places":
            self.cast.waiting.taken()
            self.is_beside = self._stands_beside()
        if self.is_negated:
            self.is_negated = False
            return
        mood = phrase.first("moods")
        if mood:
            self.mood = self.mood or mood.name
        style = phrase.first("styles")
        if kind == "moods" and style:
            kind, name = "styles", style.name
        if kind in SETTINGS:
            winner = self.settings.setdefault(kind, name)
            if winner != name and kind not in {"times", "weathers"}:
                self.not_drawn.append(NotDrawn(phrase.said.lower(), winner))

    def _stands_beside(self) -> bool:
        """Whether a preposition before the place puts all beside it; "at sea" is on the sea."""
        back, determiners = 1, self.words.words_of("determiners")
        while (before := self.around.before(back)) and (
            before.text in determiners or before.has(*ADJECTIVES, "weathers", "moods")
        ):
            back += 1
        if before is None:
            return False
        relation = before.first("relations")
        if relation is None:
            return before.text == "by" or before.text.endswith("along")
        return relation.name in BESIDE and (before.text != "at" or back > 1)

    # ── unknown words ──

    def _take_unknown(self, phrase: Phrase) -> None:
        text = phrase.text
        known = (
            text in self.words.words_of("stop_words")
            or text in self.words.words_of("auxiliaries")
            or text in self.words.words_of("adverbs")
            or bool(phrase.meanings)
        )
        if known:
            return
        if self._take_proper_name(phrase):
            return
        corrected = nearest_spelling(text, self.words.lexicon)
        if not corrected:
            self.is_negated = False
            self.is_ghost = bool(self.cast.actors) and self.around.acts_next()
            self.cast.relation = None
            self.article = ""
            self.not_drawn.append(NotDrawn(phrase.said.lower()[:80], None))
            return
        self.not_drawn.append(NotDrawn(text, corrected))
        meanings = self.words.lexicon[corrected]
        self._take_word(replace(phrase, text=corrected, meanings=meanings, said=corrected))

    def _take_proper_name(self, phrase: Phrase) -> bool:
        """An unknown capitalised word that acts, or speaks, is somebody's name."""
        for draft in (*self.cast.drafts, *self.cast.earlier):
            if draft.name == phrase.said:
                self.cast.mention(draft, acts_next=self.around.acts_next())
                self.speech.name(draft)
                return True
        has_role = (
            self.around.has_line(phrase) or self.around.acts_next() or bool(self.speech.open_line)
        )
        if not (phrase.said[:1].isupper() and phrase.text.isalpha() and has_role):
            return False
        if self.article or len(phrase.said) > LONGEST_NAME or len(self.cast.drafts) >= MAX_SUBJECTS:
            return False
        draft = Draft(self.words.subjects["person"], name=phrase.said)
        self.cast.drafts.append(draft)
        self.cast.mention(draft, acts_next=self.around.acts_next())
        self.speech.name(draft)
        return True
