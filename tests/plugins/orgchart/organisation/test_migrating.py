"""An organisation that an older version kept: nothing of it is lost, and what HR changed is still theirs."""

from datetime import date

from orgstory import NOW, ORGCHART, apply
from sqlalchemy import text

from tideng.base.clock import ManualClock
from tideng.runtime.migrate import (
    _script,
    behind,
    migrate,
    run,
)
from tideng.store.database import reading, writing
from tideng_orgchart.edit import overrides
from tideng_orgchart.organisation import store
from tideng_orgchart.plugin import OrgchartPlugin

FOLDER = OrgchartPlugin().migrations()
POSITION = (
    '\'{"visits_this_month": [">=", 15]}\'',
    '\'[["2026-04-01", {"visits_this_month": [">=", 20]}]]\'',
)
BASE = '{"id": "rep", "name": "销售", "unit": "", "seats": null, "head": false, "targets": {"visits_this_month": [">=", 15.0]}, "later": [], "sheet": {}}'


def bring_to(deployment, revision: str) -> None:
    script = _script(FOLDER)
    with writing(deployment.engine) as connection:
        run(connection, "orgchart", FOLDER, lambda now, _: script._upgrade_revs(revision, now))


def bring_back(deployment, revision: str) -> None:
    script = _script(FOLDER)
    with writing(deployment.engine) as connection:
        run(connection, "orgchart", FOLDER, lambda now, _: script._downgrade_revs(revision, now))


def test_duties_from_a_day_on_become_a_period_and_stay_hrs(a_deployment, database_url, bundle):
    deployment = a_deployment(database_url, clock=ManualClock(NOW), found=[ORGCHART], migrated=False)
    bring_to(deployment, "orgchart_0002")
    with writing(deployment.engine) as connection:
        say = lambda words, **values: connection.execute(text(words), values)  # noqa: E731
        say("INSERT INTO org_unit VALUES ('all', '明灯', ''), ('north', '华北', 'all')")
        say(
            "INSERT INTO org_position (id, name, unit, targets, later, sheet, head) "
            f"VALUES ('rep', '销售', '', {POSITION[0]}, {POSITION[1]}, '{{}}', false)"
        )
        say(
            "INSERT INTO org_edit VALUES ('org_position', 'rep', '', :base, 'zhou', :at)",
            base=BASE,
            at=NOW.replace(tzinfo=None),
        )
    migrate(deployment)
    assert behind(deployment) == []
    with reading(deployment.engine) as connection:
        now, _, _ = store.read(connection)
        known = overrides.read(connection)
    assert [(one.id, one.since, one.until) for one in now.units] == [("all", None, None), ("north", None, None)]
    assert {(one.since, one.targets["visits_this_month"][1]) for one in now.positions} == {
        (None, 15),
        (date(2026, 4, 1), 20),
    }
    assert {(key[1:], edit.by, edit.base is None) for key, edit in known.items()} == {
        (("rep", "0001-01-01"), "zhou", False),
        (("rep", "2026-04-01"), "zhou", True),
    }
    files = bundle(
        units_csv="id,name,parent\nall,明灯,\nnorth,华北,all\n",
        positions_csv="id,name,unit,duties\nrep,销售,,visits_this_month>=15\n",
        people_csv="id,name\np001,李人事\n",
    )
    assert "position rep from 2026-04-01: zhou changed it in the deployment; kept" in apply(deployment, files)


def test_going_back_keeps_the_last_period_and_all_duties(a_deployment, database_url):
    deployment = a_deployment(database_url, clock=ManualClock(NOW), found=[ORGCHART], migrated=False)
    bring_to(deployment, "orgchart_0002")
    with writing(deployment.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO org_position (id, name, unit, targets, later, sheet, head) "
                f"VALUES ('rep', '销售', '', {POSITION[0]}, {POSITION[1]}, '{{}}', false)"
            )
        )
    bring_to(deployment, "orgchart_0003")
    bring_back(deployment, "orgchart_0002")
    with reading(deployment.engine) as connection:
        (row,) = connection.execute(text("SELECT later FROM org_position")).all()
    assert "2026-04-01" in str(row.later)
