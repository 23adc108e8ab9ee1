"""A small client's organisation: its files, and ways to apply them and to ask."""

from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from zoneinfo import ZoneInfo

from tideng.model.event import Event
from tideng.org.directory import Directory
from tideng.store.database import reading, writing

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
ORGCHART = EntryPoint("orgchart", "tideng_orgchart.plugin:OrgchartPlugin", "tideng")
FILES = {
    "client.yaml": "client: Lamplight\nroles: {hr: [p001]}\n",
    "units.csv": "id,name,parent\nall,明灯,\nsales,销售部,all\nnorth,华北,sales\nsouth,华南,sales\n",
    "positions.csv": "id,name,unit,duties\nrep,销售,,visits_this_month>=15\nhead,主管,,\n",
    "people.csv": "id,name,unit,position,supervisor,from,until\n"
    "p001,李人事,all,head,,,\n"
    "p002,王主管,north,head,p001,,\n"
    "p003,张三,north,rep,p002,2025-01-01,\n",
}


def apply(deployment, bundle, take="") -> list[str]:
    with writing(deployment.engine) as connection:
        return [
            line
            for part in deployment.plugins.call("apply_bundle", bundle=bundle, connection=connection, take=take)
            for line in part
        ]


def plan(deployment, bundle) -> list[str]:
    with reading(deployment.engine) as connection:
        return [
            line
            for part in deployment.plugins.call("plan_bundle", bundle=bundle, connection=connection)
            for line in part
        ]


def directory(deployment) -> Directory:
    with reading(deployment.engine) as connection:
        return deployment.plugins.first("directory", connection=connection)


def store(deployment, *events: Event) -> None:
    with writing(deployment.engine) as connection:
        deployment.plugins.call("on_stored", events=events, connection=connection, directory=Directory())


def an_event(kind: str, at: str, person: str = "p003", **data) -> Event:
    moment = datetime.fromisoformat(at).replace(tzinfo=SHANGHAI).astimezone(UTC)
    return Event(f"{kind}-{person}-{at}", "hr", kind, moment, person, data)
