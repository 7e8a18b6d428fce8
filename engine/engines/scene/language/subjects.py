"""Cast: the things a prompt names, what they do, and how they stand to one another."""

from dataclasses import dataclass, field

from engine.contracts import NotDrawn
from engine.engines.scene.language.drafts import DESTINATIONS, WAYS, Draft, Modifiers
from engine.engines.scene.language.vocabulary import SubjectKind, Vocabulary

MAX_SUBJECTS = 8  # groups, each with its own count

_ALL = frozenset({"both", "all", "the", "these", "those"})
# What a verb makes of the thing that follows it.
_OBJECT_RELATIONS = {
    "crash": "against",
    "run": "towards",
    "drive": "next to",
    "ride": "on",
    "jump": "over",
    "fly": "with",
}
_AIMED = frozenset({"on", "in", "into", "over", "against", "at", "towards", "through"})
_ANYBODY = frozenset({"person", "man", "woman", "child", "boy", "girl"})
_VEHICLES = frozenset({"car", "bike", "boat", "plane", "rocket"})
_SEATED = frozenset({"drive", "ride", "sit", "lie", "rest"})  # what they are on is no target


def _have_hands(agents: list[Draft]) -> bool:
    return any(agent.kind.is_animate for agent in agents)


def _hand_over(action: str, agents: list[Draft], draft: Draft) -> None:
    """Who bounces a ball stands, and the ball bounces."""
    for agent in agents:
        said = next((said for name, said in agent.actions if name == action), action)
        agent.actions = [done for done in agent.actions if done[0] != action]
        draft.does(action, said)
        agent.does("rest", said)


def _take_along(action: str, agents: list[Draft], draft: Draft) -> None:
    """The car that one drives drives, and the dog that one walks walks."""
    if action == "drive" and draft.kind.actor in _VEHICLES and _have_hands(agents):
        draft.does("drive", "drives")
        for agent in agents:
            agent.relate("in", draft)
    elif action == "walk" and draft.kind.actor:
        draft.does("walk", "walks")


@dataclass(slots=True)
class Cast:
    """Who has been named so far, and who is being spoken of."""

    words: Vocabulary
    earlier: list[Draft] = field(default_factory=list)  # of earlier shots, the latest first
    drafts: list[Draft] = field(default_factory=list)
    waiting: Modifiers = field(default_factory=Modifiers)
    garments_waiting: dict[str, str] = field(default_factory=dict)
    actors: list[Draft] = field(default_factory=list)  # of whom the clause speaks
    last: Draft | None = None  # the noun before
    verb: str | None = None
    doers: list[Draft] = field(default_factory=list)
    objects: list[Draft] = field(default_factory=list)  # what the verb acts on
    wants_object: bool = False
    relation: tuple[str, Draft | None] | None = None  # a preposition that waits for its noun
    imperative: tuple[str, str] | None = None  # a verb that waits for whoever does it
    pace: float | None = None
    turns: int | None = None
    is_fresh: bool = True  # the next noun begins a clause
    is_joined: bool = False  # "and" or a comma stands before the next noun
    is_paired: bool = False  # "and" stands among the actors
    suffering: list[Draft] = field(default_factory=list)  # of a passive verb that awaits its agent
    not_drawn: list[NotDrawn] = field(default_factory=list)

    # ── nouns ──

    def name(self, kind: SubjectKind, *, is_plural: bool, article: str, acts_next: bool) -> None:
        """Take a noun: somebody new, or somebody named before; give him his part."""
        if is_plural and article in _ALL and self._mention_all(kind, acts_next=acts_next):
            return
        groups, action = self.waiting.taken()
        self._report_contradictions()
        is_many = is_plural or any("numbers" in group for group in groups)
        if len(groups) > 1 and not is_many and article not in {"a", "an"}:
            for loser in groups[1:]:
                self._lost(loser.get("colours"), groups[0].get("colours"))
            groups = groups[:1]
        shared = self._shared_counts(groups, kind, is_plural=is_plural)
        for group, count in zip(groups, shared, strict=True):
            draft = self._found(kind, group, article, is_plural=is_plural)
            if draft is None:
                if len(self.drafts) >= MAX_SUBJECTS:
                    self.not_drawn.append(NotDrawn(kind.said, None))
                    self.relation = None
                    return
                draft = Draft(kind, count=count)
                self.drafts.append(draft)
            self.dress(draft, group)
            self._give_part(draft, acts_next=acts_next)
            if action:
                draft.does(*action)
            self._take_waiting(draft)

    def _mention_all(self, kind: SubjectKind, *, acts_next: bool) -> bool:
        """Speak again of several that were named apart: "both cubes", "the dogs"."""
        known = [d for d in (*self.drafts, *self.earlier) if d.kind.name == kind.name]
        if len(known) < 2 or any(self.waiting.groups):
            return False
        for draft in known:
            self.mention(draft, acts_next=acts_next)
            self.is_joined = True
        return True

    def mention(self, draft: Draft, *, acts_next: bool = False) -> None:
        """Speak again of somebody known: "it", "the dog", "@ana"."""
        self._recall(draft)
        self._give_part(draft, acts_next=acts_next)
        self._take_waiting(draft)

    def pronoun(self, pronoun: str) -> Draft | None:
        """Whom "he", "she", "it" or "they" means; "they" may be several, of whom one comes back."""
        pool = [*reversed(self.drafts), *self.earlier]
        in_front = [d for d in self.actors if d.is_called(pronoun)]
        if pronoun == "they":
            plural = [d for d in self.drafts or self.earlier if d.is_called(pronoun)]
            everybody = plural or [d for d in self.drafts or self.earlier if not d.kind.is_scenery]
            if everybody and self.relation is None and not self.wants_object:
                for draft in everybody:
                    self._recall(draft)
                self.actors, self.is_fresh, self.verb = list(everybody), False, None
                self.last = None
                return everybody[0]
            return everybody[0] if everybody else None
        is_object = self.relation is not None or self.wants_object
        if in_front and not is_object:
            return in_front[0]
        others = [d for d in pool if d.is_called(pronoun) and not (is_object and d in self.doers)]
        # "it" is rather what acted before than the thing it was done to.
        leading = [d for d in others if not d.is_placed and not d.is_target]
        if pronoun in {"he", "she"}:  # a person rather than an animal
            others = leading = sorted(others, key=lambda d: d.kind.actor != "person")
        return next(iter([*([] if is_object else leading), *others]), None)

    def _found(
        self, kind: SubjectKind, group: dict[str, str], article: str, *, is_plural: bool
    ) -> Draft | None:
        """Somebody named before who can be meant; "another", or another colour, is somebody new."""
        if article in self.words.words_of("fresh"):
            return None
        colour = self.words.colours.get(group.get("colours", ""))
        is_definite = article in self.words.words_of("definite")
        here = self.drafts if is_definite else []
        for draft in [*reversed(here), *self.earlier]:
            if draft.kind.name != kind.name or (colour and draft.colour not in {None, colour}):
                continue
            if "numbers" in group and self._number(group) != (draft.count or draft.kind.count):
                continue
            if is_definite or is_plural == ((draft.count or draft.kind.count) > 1):
                self._recall(draft)
                return draft
        return self._found_by_class(kind, colour, is_plural=is_plural) if is_definite else None

    def _found_by_class(
        self, kind: SubjectKind, colour: str | None, *, is_plural: bool
    ) -> Draft | None:
        """Somebody introduced by a more special word: "the ball" was a football.

        Not who acts in this clause: "a chef throws an egg to the man" speaks of two.
        """
        for draft in [*reversed(self.drafts), *self.earlier]:
            is_many = (draft.count or draft.kind.count) > 1
            if draft in self.doers or is_many != is_plural or colour not in {None, draft.colour}:
                continue
            if self._is_a(draft, kind):
                self._recall(draft)
                return draft
        return None

    def _is_a(self, draft: Draft, kind: SubjectKind) -> bool:
        """Whether somebody is of a kind, or of one that the kind includes."""
        if draft.kind.name in self.words.grammar["general"].get(kind.name, ()):
            return True
        if draft.kind.actor != "person" or kind.name not in _ANYBODY:
            return False
        if kind.name == "person":
            return True
        is_called = draft.called or draft.kind.pronoun
        fits = kind.pronoun is None or is_called in {None, kind.pronoun}
        return fits and ("child" in kind.kin) == ("child" in draft.kind.kin)

    def _recall(self, draft: Draft) -> None:
        if not draft.is_mentioned:
            draft.is_mentioned = True
            self.drafts.append(draft)
            self.earlier = [d for d in self.earlier if d is not draft]

    def _give_part(self, draft: Draft, *, acts_next: bool) -> None:
        """Decide whether a noun acts, is acted on, or only says where."""
        if self.relation:
            self._place(draft, *self.relation)
        elif self.wants_object and self.doers and not (acts_next and self.is_joined):
            self._act_on(draft)
        else:
            if self.is_fresh or self.verb:
                self.actors = []
            self.actors.append(draft)
            self.is_paired = self.is_paired and len(self.actors) > 1
            self.verb, self.doers, self.objects = None, [], []
            self.wants_object = self.is_fresh = False
            if self.imperative:
                draft.does(*self.imperative)
                self.verb, self.doers = self.imperative[0], [draft]
                self.imperative = None
                self._take_manner(draft)
                if self.suffering and draft.kind.actor:
                    draft.relate(_OBJECT_RELATIONS.get(self.verb, "with"), self.suffering[0])
                self.suffering = []
        self.last, self.is_joined = draft, False

    def _place(self, draft: Draft, kind: str, anchor: Draft | None) -> None:
        self.relation = None
        draft.is_placed = not draft.actions
        if anchor is None:
            return
        for related in self.doers if anchor in self.doers else [anchor]:
            related.relate(kind, draft)
        if self.verb and self.words.actions[self.verb].aims and kind in _AIMED:
            draft.is_target = not (self.verb in _SEATED and kind in {"on", "in"})

    def _act_on(self, draft: Draft) -> None:
        """The object of a verb: it suffers the action, or does what it is made to do."""
        action = self.words.actions[self.verb or "rest"]
        agents = [d for d in self.doers if d.kind.actor]
        self.objects.append(draft)
        if action.hands and agents and not draft.kind.is_scenery:
            _hand_over(action.name, agents, draft)
        elif action.aims and action.name not in _SEATED:
            draft.is_target = True
        else:
            _take_along(action.name, agents, draft)
        for doer in self.doers:
            if doer.kind.actor or action.aims:
                doer.relate(_OBJECT_RELATIONS.get(action.name, "with"), draft)
        draft.is_placed = not draft.actions

    def _shared_counts(
        self, groups: list[dict[str, str]], kind: SubjectKind, *, is_plural: bool
    ) -> list[int | None]:
        """How many of each group; a number in front of "red and blue balls" counts all of them."""
        numbers = [self._number(group) for group in groups]
        if len(groups) > 1 and numbers[0] and not any(numbers[1:]):
            share, rest = divmod(numbers[0], len(groups))
            return [max(1, share + (i < rest)) for i in range(len(groups))]
        is_wall = any(group.get("arrangements") == "wall" for group in groups)
        many = max(kind.count, self.words.grammar["wall_count" if is_wall else "plural_count"])
        if len(groups) > 1 and is_plural:
            many = max(2, many // len(groups))
        return [n or (many if is_plural else None) for n in numbers]

    def _number(self, group: dict[str, str]) -> int | None:
        said = group.get("numbers")
        if said is None:
            return None
        return min(int(said), 9999) if said.isdecimal() else self.words.numbers[said]

    def _take_waiting(self, draft: Draft) -> None:
        if self.garments_waiting and draft.kind.is_animate:
            draft.garments |= self.garments_waiting
            self.garments_waiting = {}

    # ── adjectives ──

    def dress_last(self, kind: str, name: str) -> None:
        """A modifier behind its noun: "a ball made of glass", "the cube is blue"."""
        draft = self.last or (self.drafts[-1] if self.drafts else None)
        if draft is None:
            self.waiting.add(kind, name)
        elif kind != "numbers":
            if kind == "colours" and draft.colour_word not in {None, name}:
                self._lost(name, draft.colour_word)
                return
            self.dress(draft, {kind: name})

    def dress(self, draft: Draft, group: dict[str, str]) -> None:
        """Give a draft what a group of modifiers says."""
        if "colours" in group:
            draft.colour_word = group["colours"]
            draft.colour = self.words.colours[draft.colour_word]
        draft.material = group.get("materials", draft.material)
        if "sizes" in group:
            draft.scale = self.words.sizes[group["sizes"]]
        if "paces" in group:
            draft.pace = self.words.grammar["paces"][group["paces"]]
        if "expressions" in group:
            self._look(draft, group["expressions"])
        if "hair" in group:
            draft.garments["hair"] = self.words.grammar["hair"][group["hair"]]
        draft.arrangement = group.get("arrangements", draft.arrangement)

    def _look(self, draft: Draft, expression: str) -> None:
        """Give somebody an expression, if he has a face that can show one."""
        if draft.kind.is_animate:
            draft.expression = expression
        elif draft.kind.actor:  # "a lonely tree" is a mood
            self.not_drawn.append(NotDrawn(f"{expression} {draft.kind.said}", draft.kind.said))

    def wear(self, garment: str, said: str) -> None:
        """Put a garment on the person last spoken of, or on the next one."""
        groups, _ = self.waiting.taken()
        self._report_contradictions()
        colour_word = groups[0].get("colours")
        colour = self.words.colours[colour_word] if colour_word else None
        if colour is None and "hair" in groups[0]:
            colour = self.words.grammar["hair"][groups[0]["hair"]]
        if colour is None or not colour.startswith("#"):
            colour = self.words.garments[garment].colour
        self.relation = None
        people = [d for d in self.drafts if d.kind.is_animate]
        wearer = self.last if self.last in people else next(iter(reversed(people)), None)
        if wearer:
            wearer.garments[garment] = colour
        elif self.drafts:
            self.not_drawn.append(NotDrawn(said, None))
        else:
            self.garments_waiting[garment] = colour

    def _report_contradictions(self) -> None:
        for loser, winner in self.waiting.contradictions:
            self._lost(loser, winner)
        self.waiting.contradictions = []

    def _lost(self, loser: str | None, winner: str | None) -> None:
        if loser and loser != winner:
            self.not_drawn.append(NotDrawn(loser, winner))

    # ── verbs and prepositions ──

    def act(
        self,
        action: str,
        said: str,
        *,
        follows_noun: bool,
        is_attribute: bool,
        is_singular: bool = False,
    ) -> None:
        """Take a verb: the clause's subject does it, or the noun right before it."""
        if is_attribute:
            self.waiting.action = (action, said)
            return
        last = self.last
        own = follows_noun and last is not None and last not in self.actors and not last.is_placed
        doers = [last] if own and last else list(self.actors)
        if follows_noun and last is not None and last in self.objects:
            doers = [last]
        if is_singular and self._is_apart(last):
            doers = [last] if last else []
        for draft in doers:
            self._take_manner(draft)
            draft.does(action, said)
        if not doers:
            self.imperative = (action, said)
        self.verb, self.doers, self.objects = action, doers, []
        self.wants_object, self.relation, self.is_fresh = True, None, False
        if doers:
            self.pace = self.turns = None

    def _is_apart(self, last: Draft | None) -> bool:
        """Whether the last actor begins a clause: "a tower of blocks, a toddler knocks it down"."""
        return last in self.actors[1:] and not self.is_paired

    def _take_manner(self, draft: Draft) -> None:
        """Give whoever acts the pace and the turns that were said before the verb."""
        draft.pace = draft.pace if self.pace is None else self.pace
        draft.turns = draft.turns if self.turns is None else self.turns

    def relate(self, kind: str) -> None:
        """Take a preposition: movements are of the mover, places of the noun before."""
        self.wants_object = False
        mover = next(iter([*self.objects[-1:], *self.doers[:1]]), None)
        if self.verb and (kind in WAYS | DESTINATIONS or self.last in self.doers):
            anchor = mover
        else:
            anchor = self.last or mover
        if kind == "off" and anchor:
            anchor.leaves = True
        self.relation = (kind, anchor)

    def turn_over(self) -> None:
        """The passive voice: "crates are hit by a ball" has the ball act on the crates."""
        if not (self.verb and self.words.actions[self.verb].aims and self.doers):
            self.relate("next to")
            return
        said = next((s for d in self.doers for a, s in d.actions if a == self.verb), self.verb)
        if said.endswith(("s", "ing")) or self.doers[0] is not self.last:
            self.relate("next to")
            return
        for draft in self.doers:
            draft.actions = [a for a in draft.actions if a[0] != self.verb]
            draft.is_target = True
        self.imperative = (self.verb, said)
        self.suffering = list(self.doers)
        self.actors, self.doers, self.objects = [], [], []
        self.wants_object, self.is_fresh, self.verb = False, True, None

    def set_pace(self, pace: float, *, leads_to_verb: bool) -> None:
        """Say how fast: the verb that follows, else the one before."""
        if leads_to_verb or not (self.doers or self.actors):
            self.pace = pace
        for draft in [] if leads_to_verb else self.doers or self.actors:
            draft.pace = pace

    def set_turns(self, turns: int) -> None:
        """Say how often the spin before goes round."""
        for draft in self.doers:
            draft.turns = turns

    # ── clauses ──

    def end_clause(self, *, is_sentence: bool = False) -> None:
        """A comma, a full stop or "while": what comes next is no object of the verb before."""
        self.relation = None
        self.wants_object = False
        if is_sentence:
            self.verb, self.doers, self.objects, self.is_fresh = None, [], [], True
            self.waiting.taken()
            self.last = None
