"""Plants the faults that a merge engine must not have, one at a time, in a copy, and sees whether a test notices.

.venv/bin/python scripts/faults.py [WORDS OF A FAULT]

The eight faults of rule Q are planted twice: the tests of the rules and the properties must each notice every one.
First they must pass on a copy without any. Prints one line a fault and "killed N of M" at the end; exit code 1 unless all were noticed.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace

from mutants import Mutant, hunted

ENGINE = "provisioning"
RULES = " ".join(
    f"tests/unit/test_rules_{name}.py"
    for name in ("values", "collections", "conflicts", "policies", "moves", "plans", "model")
)
PROPERTIES = "tests/properties --hypothesis-seed=20121231"
SUCCESSION = "tests/unit/test_rules_succession.py tests/unit/test_rules_between.py"


def fault(file: str, old: str, new: str, tests: str = RULES) -> Mutant:
    return Mutant(f"{ENGINE}/{file}.py", old, new, tests)


_ASK = "self.note(_kind_of_conflict(base, ours, theirs), node, path, base, ours, theirs)"
_PRESENCE = "        return self._atom(node, path, base, ours, theirs)\n\n    def _must_stay"

# theirs wins; silent ours; delete/modify resurrects; modify/delete silently deletes; set union only; order always
# the template's; base always advances; base never advances on a decision
OF_RULE_Q = (
    fault("merge", f"{_ASK}\n        return ours", f"{_ASK}\n        return theirs"),
    fault("merge", _ASK, "pass"),
    fault(
        "merge",
        _PRESENCE,
        "        if ours is None and theirs is not None and not same(theirs, base, node):\n"
        "            return theirs\n" + _PRESENCE,
    ),
    fault(
        "merge",
        _PRESENCE,
        "        if theirs is None and base is not None:\n            return None\n" + _PRESENCE,
    ),
    fault("merge", "sorted((mine | new) - (old - mine) - (old - new))", "sorted(mine | new)"),
    fault("ordering", "if keeps_its_order(base, ours, theirs):", "if True:"),
    fault(
        "marks",
        "of_kind(marks, MarkKind.CONFLICT):\n        # Between",
        "():\n        # Between",
    ),
    fault("marks", "left = tuple(one for one in marks if one is not mark)", "left = marks"),
)

OF_OUR_OWN = (
    # policies
    fault("reconcile", "return rule.policy if rule else None", "return None"),
    fault("merge", "return self.judge.policy(path) in {Policy.MANDATORY, Policy.LOCKED}", "return False"),
    fault("merge", "if policy is Policy.LOCAL and not (base is ours is None):", "if False:"),
    fault(
        "marks",
        '{touch.path: _suspended(unit, touch) for touch in touches if touch.code == "LOCKED_DISPLACED"}',
        "{}",
    ),
    fault("merge", "old = ours if self.judge.policy(path) is Policy.LOCKED else base", "old = base"),
    fault("upgrade", "if rule is None or rule.policy is not Policy.LOCKED:", "if True:"),
    fault(
        "reconcile",
        "any(path[: len(pin)] == pin or pin[: len(path)] == path for pin in self._pinned)",
        "path in ()",
    ),
    fault(
        "reconcile",
        "any(path[: len(pin)] == pin or pin[: len(path)] == path for pin in self._pinned)",
        "path in self._pinned",
    ),
    fault("policy", "elif standing and standing.policy is Policy.MANDATORY and rule", "elif False and rule"),
    fault("policy", "max(speaking, key=_tightness, default=None)", "speaking[-1] if speaking else None"),
    # moves
    fault(
        "reconcile", "merge(relocated.base, relocated.ours,", "merge(relocated.base, _own_tree(base, ours),"
    ),
    fault("reconcile", "old = with_old_bases(tree_of(base), marks)", "old = tree_of(base)"),
    fault("moves", "blocked = bool(items) and any(key in standing for key in move.into)", "blocked = False"),
    fault("moves", "if move.since > since)", "if move.since == since + 1)"),
    fault("moves", "        return None, changed[0][1]\n", "        return changed[-1]\n"),
    fault("moves", "        tree = _repointed(tree, move, *pointer)\n", "        pass\n"),
    fault("publication", "if now.release <= old.release:", "if False:"),
    fault("publication", "for pack in (new, previous))", "for pack in (new,))"),
    # questions
    fault(
        "marks",
        "return replace(standing, **values)",
        "return replace(standing, id=conflict_id(unit, touch), **values)",
    ),
    fault("marks", "return identity(unit, touch.path, touch.base,", "return identity(unit, touch.path,"),
    fault("reconcile", "return reconcile(unit, standard, ours, standard, marks).marks", "return marks"),
    fault(
        "merge",
        "if ours is not None and theirs is not None:\n            return _lent",
        "if theirs is not None and (ours is not None or base is not None):\n            return _lent",
    ),
    fault("marks", "return _where_it_stands(taken, theirs, mark.path), left", "return taken, left"),
    # values, collections, order
    fault("tree", "if type(one) is not type(other) or one != other:", "if one != other:"),
    fault("tree", "for name in CentreSpec.model_fields}", "for name in tree}"),
    fault("merge", "if len(result) < node.minimum:", "if False:"),
    fault("ordering", "if key in known:\n            yield", "if True:\n            yield"),
    fault(
        "ordering",
        "return [key for place in (None, *spine) for key in _led(place, guests)]",
        "return [*spine, *(key for keys in guests.values() for key in keys)]",
    ),
    # plans
    fault("upgrade", "{Operation.UPDATE, Operation.DELETE, Operation.MOVE}", "set(Operation)"),
    fault("upgrade", "if count[section] * 100 > there * share:", "if count[section] * 100 >= there * share:"),
    fault("constraints", "return found.path, found.detail", 'return "", found.detail'),
    fault("constraints", "_found(base or target, before,", "_found(target, before,"),
    fault("constraints", "for section in bounded & {*RECORDS}:", "for section in ():"),
    fault("layers", "return rule.policy if rule else None", "return None"),
)

EXPLAINING = "tests/unit/test_rules_explaining.py"
LIVED = "tests/properties/test_explanations.py --hypothesis-seed=20121231"
_TOWNSHIP_WINS = "found[last] = replace(found[last], status=Status.WON)"

# who won, who is missing, who set it when
OF_EXPLAINING = (
    fault("explain", _TOWNSHIP_WINS, _TOWNSHIP_WINS.replace("last", "0"), EXPLAINING),
    fault("explain", _TOWNSHIP_WINS, _TOWNSHIP_WINS.replace("last", "0"), LIVED),
    fault(
        "explain",
        "            self.value,\n            revision=",
        "            self.inherited,\n            revision=",
        LIVED,
    ),
    fault(
        "explain",
        "*self._prefecture(), *self._county(), *self._township()",
        "*self._county(), *self._township()",
        LIVED,
    ),
    fault(
        "explain",
        "*self._prefecture(), *self._county(), *self._township()",
        "*self._prefecture(), *self._township()",
        EXPLAINING,
    ),
    fault("explain", "chain = [*self._layers(), *self._marks()]", "chain = [*self._layers()]", LIVED),
    fault(
        "explain",
        "place == self.path or (place[:1] == self.path and len(place) == 2)",
        "place[:1] == self.path",
        EXPLAINING,
    ),
    fault("explain", "    short = min(len(one), len(other))\n", "    short = 1\n", EXPLAINING),
    fault("explain", "if pending is not None and last > 0:", "if False:", EXPLAINING),
    fault("explain", "pending.value if pending.path == path else None", "None", EXPLAINING),
    fault("explain", "return edition\n    return None", "return earlier\n    return None", EXPLAINING),
    fault("explain", "and not self._own_removal:", ":", EXPLAINING),
    fault(
        "explain",
        "return Status.OVERRIDDEN if meant else Status.NOT_APPLICABLE",
        "return Status.OVERRIDDEN",
        EXPLAINING,
    ),
    fault(
        "explain",
        "return Layer.PREFECTURE if rule in standard.policies[0] else Layer.COUNTY",
        "return Layer.PREFECTURE",
        EXPLAINING,
    ),
    fault(
        "explain",
        "earlier = until(self.annals, displaced.number) or self.annals",
        "earlier = self.annals",
        EXPLAINING,
    ),
    fault(
        "annals",
        "        if identical(_state(before.centre, path), now):\n            continue\n",
        "",
        EXPLAINING,
    ),
    fault("annals", "        path = origin\n", "        return Change(chapter, before, path)\n", EXPLAINING),
    fault(
        "annals",
        "            break\n        found = chapter",
        "            return chapter\n        found = chapter",
        EXPLAINING,
    ),
)

EXTRACTING = "tests/unit/test_rules_extracting.py"
# last wins instead of the majority, by position, by none, names left over, what is local common
OF_EXTRACTING = (
    fault(
        "extract",
        "return max(values, key=lambda value: counts[repr(value)])",
        "return values[-1]",
        EXTRACTING,
    ),
    fault(
        "extract", "return max(values, key=lambda value: counts[repr(value)])", "return values[0]", EXTRACTING
    ),
    fault("extract", "if len(group) >= least}", "}", EXTRACTING),
    fault("extract", "    changes += list(_orders", "    list(_orders", EXTRACTING),
    fault("extract", "if leftovers := list(_leftovers(common, sources)):", "if leftovers := ():", EXTRACTING),
    fault("extract", "if new in there[section]}", "if False}", EXTRACTING),
    fault("extract", "return _without_loose_ends(CentreSpec", "return (CentreSpec", EXTRACTING),
    fault("extract", "rendered(text, attributes))", "text)", EXTRACTING),
    fault("parameters", 'escaped = _PARAMETER.sub(r"{=\\1\\2}", text)', "escaped = text", EXTRACTING),
    fault(
        "parameters",
        "key=lambda literal: (-len(literal), literal)",
        "key=lambda literal: (len(literal), literal)",
        EXTRACTING,
    ),
    fault("matching", "lambda one: one.code or (one.category, one.name)", "lambda one: one.key", EXTRACTING),
    fault("matching", "lambda one: (one.number, one.name)", "lambda one: one.number", EXTRACTING),
    fault("matching", "        if first.keys() & second.keys():\n            return False\n", "", EXTRACTING),
)


# the first or the last source wins; things are lost, doubled or orphaned; money is made or lost
OF_SUCCESSION = tuple(
    fault(file, old, new, SUCCESSION)
    for file, old, new in (
        ("inheriting", "ordered((*heir.marks, *asked,", "ordered((*heir.marks,"),
        (
            "inheriting",
            "base = _where_both_are(centre_tree(heir.party.standard.centre), ours, theirs)",
            "base = centre_tree(heir.party.standard.centre)",
        ),
        ("inheriting", "windows = tuple(_numbered(ours.windows, given.windows))", "windows = given.windows"),
        ("inheriting", "after = _with_stock(after, heir.centre, given)", "after = after"),
        ("inheriting", "takes_place = not heir.placed and", "takes_place ="),
        ("inheriting", "_Between(heir.party.standard, heir.marks))", "_Between(heir.party.standard, ()))"),
        ("inheriting", "        origin=source.code,\n", ""),
        ("inheriting", "if stands and (mark.kind", "if (mark.kind"),
        ("succession", "money[category] = money.get(category, 0) + fen", "money[category] = fen"),
        ("succession", "mine = portion.of(heir.party.code, source)", "pass"),
        (
            "succession",
            "yield from (_dropped(source, *thing) for thing in mine - found.keys() if thing[0] not in _HELD)",
            "pass",
        ),
        ("succession", "        heir.held.add((one.kind, one.key))\n", ""),
        ("succession", 'if one.severity == "error" and not one.known', "if False"),
        ("shares", "left = {name: left[name] - mine[name] for name in left}", "pass"),
        ("shares", "if not centre.budget or by_category(made) == totals:", "if True:"),
        ("refusals", "if over := sum(shares.values()) - source.centre.envelope:", "if over := 0:"),
        ("marks", "base = base if mark.origin else placed", "base = placed"),
        ("marks", "    if mark.origin:\n        return placed(ours, mark.path, mark.theirs), left\n", ""),
        ("marks", "return there and not same(now, mark.theirs, node) and", "return there and"),
    )
)


def planted() -> Iterator[Mutant]:
    yield from OF_RULE_Q
    yield from (replace(one, tests=PROPERTIES) for one in OF_RULE_Q)
    yield from OF_OUR_OWN
    yield from OF_EXPLAINING
    yield from OF_EXTRACTING
    yield from OF_SUCCESSION


def main() -> int:
    os.environ["TOWNHALL_FIRST"] = "1"  # a failure is enough; what it shrinks to is of no interest here
    print("without any fault:", end=" ", flush=True)
    if hunted(
        [fault("merge", _ASK, _ASK, f"{RULES} {SUCCESSION} {PROPERTIES} {EXPLAINING} {EXTRACTING}")], ""
    )[0]:
        return 1
    killed, all_of_them = hunted(planted(), " ".join(sys.argv[1:]))
    print(f"killed {killed} of {all_of_them}")
    return 0 if killed == all_of_them else 1


if __name__ == "__main__":
    sys.exit(main())
