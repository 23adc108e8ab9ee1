"""What HR changes on the pages, on SQLite and on PostgreSQL alike."""

import io
from datetime import date

from orgstory import NOW, ORGCHART, apply, directory
from PIL import Image

from tideng.access.viewer import Viewer
from tideng.base.clock import ManualClock
from tideng_orgchart.edit import service, table_import
from tideng_orgchart.organisation import photos

HR = Viewer("p001", "p001", frozenset({"hr"}))


def test_importing_filling_a_post_and_photos(a_deployment, database_url, bundle):
    deployment = a_deployment(database_url, clock=ManualClock(NOW), found=[ORGCHART])
    apply(deployment, bundle())
    number = table_import.upload(deployment, HR, directory(deployment), "people.csv", b"id,name,unit\np009,Neu,south\n")
    assert table_import.preview(deployment, HR, number).changes == 1
    assert table_import.apply(deployment, HR, number) == 1
    service.fill(deployment, HR, directory(deployment), "head", "p009", "2026-03-05")
    assert directory(deployment).on("p009", date(2026, 3, 5)).position == "head"
    out = io.BytesIO()
    Image.new("RGB", (200, 200), "orange").save(out, "PNG")
    for _ in range(2):
        photos.put(deployment, HR, directory(deployment), "p003", out.getvalue())
    photos.remove(deployment, HR, directory(deployment), "p003")
    assert [one for one in apply(deployment, bundle()) if "kept" not in one] == []
    assert directory(deployment).on("p009", date(2026, 3, 6)).unit == "south"
