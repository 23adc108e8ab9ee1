"""What people change in the deployment and what the client's files say: neither writes over the other."""

from dataclasses import replace
from datetime import date

import pytest
from orgstory import FILES, NOW, apply, directory, plan

from tideng.base.errors import InvalidBundle
from tideng.store.database import reading, writing
from tideng_orgchart.edit import overrides
from tideng_orgchart.organisation import store


def edit(deployment, by="hr", **people):
    """`by` puts these people's only period otherwise: ``edit(deployment, p003={"unit": "south"})``."""
    with writing(deployment.engine) as connection:
        now, _, _ = store.read(connection)
        changed = [replace(one, **people.get(one.person, {})) for one in now.assignments]
        found = store.differences(connection, replace(now, assignments=tuple(changed)))
        overrides.remember(connection, found, by, NOW)
        store.write(connection, found, now.default_zone)


def unit_of(deployment, person="p003"):
    return directory(deployment).on(person, date(2026, 3, 2)).unit


def test_what_was_changed_here_stands_while_the_files_say_what_they_said(deployment, bundle):
    apply(deployment, bundle())
    edit(deployment, p003={"unit": "south"})
    kept = ["person p003 from 2025-01-01: hr changed it in the deployment; kept"]
    assert plan(deployment, bundle()) == kept == apply(deployment, bundle())
    assert unit_of(deployment) == "south"


def test_other_changes_of_the_files_are_made_beside_it(deployment, bundle):
    apply(deployment, bundle())
    edit(deployment, p003={"unit": "south"})
    apply(deployment, bundle(units_csv=FILES["units.csv"].replace("华北", "北方")))
    assert directory(deployment).units["north"].name == "北方"
    assert unit_of(deployment) == "south"


def test_where_both_changed_the_same_person_somebody_decides(deployment, bundle):
    apply(deployment, bundle())
    edit(deployment, p003={"unit": "south"})
    changed = bundle(people_csv=FILES["people.csv"].replace("p003,张三,north", "p003,张三,sales"))
    with pytest.raises(InvalidBundle) as refused:
        apply(deployment, changed)
    (problem,) = refused.value.problems
    assert str(problem) == (
        "person p003 from 2025-01-01: changed in the files, and by hr in the deployment "
        "(`tideng apply --take files` or `--take deployment`)"
    )
    assert plan(deployment, changed) == [
        "person p003 from 2025-01-01: changed in the files, and by hr in the deployment"
    ]
    assert unit_of(deployment) == "south"


@pytest.mark.parametrize(("take", "unit"), [("files", "sales"), ("deployment", "south")])
def test_the_decision_holds_from_then_on(deployment, bundle, take, unit):
    apply(deployment, bundle())
    edit(deployment, p003={"unit": "south"})
    changed = bundle(people_csv=FILES["people.csv"].replace("p003,张三,north", "p003,张三,sales"))
    apply(deployment, changed, take)
    assert unit_of(deployment) == unit
    apply(deployment, changed)  # and is not asked for again
    assert unit_of(deployment) == unit


def test_who_was_added_here_is_not_removed_by_files_that_never_named_them(deployment, bundle):
    apply(deployment, bundle())
    with writing(deployment.engine) as connection:
        now, _, _ = store.read(connection)
        new = replace(now.assignments[0], person="p009", name="周九")
        found = store.differences(connection, replace(now, assignments=(*now.assignments, new)))
        overrides.remember(connection, found, "hr", NOW)
        store.write(connection, found, now.default_zone)
    apply(deployment, bundle())
    assert directory(deployment).knows("p009")


def test_what_the_files_come_to_say_too_is_no_change_any_more(deployment, bundle):
    apply(deployment, bundle())
    edit(deployment, p003={"unit": "south"})
    same = bundle(people_csv=FILES["people.csv"].replace("p003,张三,north", "p003,张三,south"))
    assert apply(deployment, same) == []
    with reading(deployment.engine) as connection:
        assert overrides.read(connection) == {}


def test_a_bundle_may_say_seats_heads_and_duty_sheets(deployment, bundle):
    table = (
        "id,name,unit,duties,sheet,sheet_en,seats,head\n"
        "rep,销售,north,visits_this_month>=15,见客户,Sees customers,3,\nhead,主管,,,,,,yes\n"
    )
    apply(deployment, bundle(positions_csv=table))
    rep, head = (directory(deployment).positions[one] for one in ("rep", "head"))
    assert (rep.sheet, rep.seats, rep.head) == ({"zh": "见客户", "en": "Sees customers"}, 3, False)
    assert (head.seats, head.head) == (None, True)
    assert plan(deployment, bundle(positions_csv=table)) == []
    found = plan(deployment, bundle(positions_csv=table.replace(",3,", ",4,").replace("Sees", "Visits")))
    assert found == ["position rep: seats 3 → 4, sheet"]


def test_what_cannot_be_seats_or_a_head_is_said_with_its_place(bundle):
    with pytest.raises(InvalidBundle) as refused:
        bundle(positions_csv="id,name,unit,duties,seats,head\nrep,销售,,,many,\nhead,主管,,,,perhaps\n")
    assert [(problem.at, problem.problem) for problem in refused.value.problems] == [
        ("positions.csv line 2, seats", "'many' is not a number of people"),
        ("positions.csv line 3, head", "'perhaps' is neither yes nor no"),
    ]
