"""durable-rules itself: joins over several facts, and memory that does not grow."""

import random
import resource

from tideng_rules.document.model import Group, Leaf
from tideng_rules.engine.durable import Absences, DurableMatcher


def test_what_stays_unanswered_is_told_once_and_after_its_deadline():
    absences = Absences()
    absences.need("trip 1", at=0, due=10)
    absences.need("trip 2", at=0, due=10)
    assert absences.answer("trip 2", at=10) == 1
    assert absences.tick(10) == []
    assert absences.tick(11) == ["trip 1"]
    assert absences.tick(12) == []
    absences.close()


def test_each_a_counts_on_its_own_and_only_a_later_b_answers_it():
    absences = Absences()
    absences.need("case", at=5, due=10)
    absences.need("case", at=5, due=30)
    assert absences.answer("case", at=4) == 0
    assert absences.answer("case", at=20) == 1
    assert absences.answer("unheard of", at=20) == 0
    assert absences.tick(20) == ["case"]
    assert absences.tick(99) == []
    absences.close()


def test_joined_absences_equal_a_plain_count_over_a_random_year():
    chance, absences, now = random.Random(7), Absences(), 0
    waiting, told = {}, 0
    for number in range(1500):
        now += chance.randrange(20)
        key, act = chance.randrange(12), chance.random()
        if act < 0.4:
            absences.need(key, at=now, due=now + 50)
            waiting[number] = (key, now + 50)
        elif act < 0.7:
            answered = [n for n, (k, due) in waiting.items() if k == key and now <= due]
            assert absences.answer(key, now) == len(answered)
            waiting = {n: need for n, need in waiting.items() if n not in answered}
        late = [n for n, (_, due) in waiting.items() if due < now]
        assert absences.tick(now) == [waiting.pop(n)[0] for n in late]
        told += len(late)
    assert told > 100
    absences.close()


def test_a_rule_too_large_for_the_engine_is_listed_and_judged():
    rules = [("wide", Group("any", tuple(Leaf("a", "is", n) for n in range(61)))), ("small", Leaf("a", "gt", 5))]
    matcher = DurableMatcher({"q": rules})
    assert matcher.by_closures == {"wide": "more than 60 comparisons"}
    assert matcher.match([("q", {"a": 60}), ("q", {"a": 61})]) == [["wide", "small"], ["small"]]
    matcher.close()


def test_five_hundred_identical_conditions_all_speak():
    matcher = DurableMatcher({"q": [(f"r{n}", Leaf("a", "is", 1)) for n in range(500)]})
    assert matcher.match([("q", {"a": 1})]) == [[f"r{n}" for n in range(500)]]
    matcher.close()


def test_memory_does_not_grow_with_situations():
    rules = [(f"r{n}", Group("all", (Leaf("a", "gt", n), Leaf("b", "is", f"v{n % 3}")))) for n in range(30)]
    matcher = DurableMatcher({"q": rules})

    def judge(count):
        matcher.match([("q", {"a": n % 40, "b": f"v{n % 5}"}) for n in range(count)])

    judge(5_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(6):
        judge(5_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024  # KiB
    matcher.close()
