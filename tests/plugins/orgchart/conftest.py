"""A client's files that can be changed, and a deployment of the organisation alone."""

import pytest
from orgstory import FILES, NOW, ORGCHART

from tideng.base.clock import ManualClock
from tideng.base.settings import Settings
from tideng.client.bundle import read_bundle
from tideng.runtime.deployment import Deployment
from tideng.runtime.migrate import migrate


@pytest.fixture
def bundle(tmp_path):
    def write(**changed):
        root = tmp_path / "client"
        root.mkdir(exist_ok=True)
        for name, text in {**FILES, **{name.replace("_", "."): text for name, text in changed.items()}}.items():
            (root / name).write_text(text)
        return read_bundle(root)

    return write


@pytest.fixture
def deployment(tmp_path):
    settings = Settings(folder=tmp_path, plugins_allowed=("*",))
    with Deployment.open(settings, ManualClock(NOW), found=[ORGCHART]) as opened:
        migrate(opened)
        yield opened
