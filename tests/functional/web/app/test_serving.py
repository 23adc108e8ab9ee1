"""The web process as it runs: gunicorn in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from webstory import PASSWORD, SECRET, Browser, copied, write_client

from tideng_admin.app.factory import create_app

CODE = """\
import sys
from tideng.base.settings import load
from tideng_admin.app.serving import serve
serve(load(sys.argv[1]))
"""


def a_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def running(tmp_path):
    """A web process of a prepared deployment; gives its address and the process."""
    copied(tmp_path)
    (tmp_path / "tideng.toml").write_text(f'secret_key = "{SECRET}"\nengine = "closures"\n', encoding="utf-8")
    port = a_free_port()
    env = {**os.environ, "TIDENG_WEB_PORT": str(port)}
    child = subprocess.Popen([sys.executable, "-c", CODE, str(tmp_path)], env=env)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=2).read()
            break
        except OSError:  # not listening yet, or too busy to answer
            assert child.poll() is None, "it ended at once"
            assert time.monotonic() < deadline, "it never answered"
            time.sleep(0.1)
    yield address, child
    if child.poll() is None:
        child.kill()
    child.wait()


def test_it_answers_and_ends_when_it_is_told_to(running):
    address, child = running
    with urllib.request.urlopen(f"{address}/login/") as answer:
        assert "登录" in answer.read().decode()
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=60) == 0


def test_the_command_line_s_logins_are_employees_too_and_carry_their_names(a_deployment, tmp_path):
    from flask_appbuilder.security.sqla.models import User
    from sqlalchemy import select

    from tideng.client.bundle import read_bundle
    from tideng.runtime.apply import apply
    from tideng.store.database import reading
    from tideng_admin.app.serving import prepare

    deployment = a_deployment(secret_key=SECRET)
    apply(deployment, read_bundle(write_client(tmp_path / "client")))
    assert prepare(deployment, [("lead", "supervisor", PASSWORD)]), "the administrator's password, to be shown once"
    with reading(deployment.engine) as connection:
        name = connection.scalar(select(User.first_name).where(User.username == "lead"))
    assert name == "王海燕"
    browser = Browser(create_app(deployment).test_client())
    browser.sign_in("lead")
    assert browser.get("/me/").status_code == 200
