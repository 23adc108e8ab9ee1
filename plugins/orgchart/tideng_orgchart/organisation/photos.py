"""Photos of people, uploaded by themselves or by HR: stored small and without a camera's metadata."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, delete, select

from tideng.plugin import (
    Directory,
    HeldRecord,
    Holding,
    NotAllowed,
    NotFound,
    Problem,
    Refused,
    Viewer,
    dialect_insert,
    phrase,
    writing,
)
from tideng_orgchart.organisation.rights import may_edit
from tideng_orgchart.tables import PhotoRow

if TYPE_CHECKING:
    from tideng.plugin import Deployment

LARGEST = 5 * 1024 * 1024
MOST_POINTS = 40_000_000
SIDE = 160
"""Points of a side of the stored picture."""


def may_change(viewer: Viewer, person: str) -> bool:
    """Whether the viewer may change a photo: the person may, and HR."""
    return person != "" and (viewer.person == person or may_edit(viewer))


def photo(connection: Connection, viewer: Viewer, directory: Directory, now: datetime, person: str) -> bytes:
    """A person's photo as JPEG, for everybody who is signed in. Raises `NotFound` where there is none."""
    if not viewer.login:
        raise NotAllowed("organisation-needs-login")
    found = connection.scalar(select(PhotoRow.data).where(PhotoRow.person == person))
    if found is None:
        raise NotFound("no-photo", {"id": person})
    return found


def put(deployment: Deployment, viewer: Viewer, directory: Directory, person: str, content: bytes) -> None:
    """Store a photo (JPEG or PNG) of `person`. Raises `NotFound`, `NotAllowed`, and `Refused` where it cannot be read."""
    _require(viewer, directory, person)
    data = shrunk(content)
    mark = hashlib.sha256(data).hexdigest()[:16]
    row = {"person": person, "data": data, "mark": mark, "by": viewer.login, "at": deployment.clock.now()}
    with writing(deployment.engine) as connection:
        statement = dialect_insert(connection)(PhotoRow).values(**row)
        connection.execute(statement.on_conflict_do_update(index_elements=["person"], set_=row))


def remove(deployment: Deployment, viewer: Viewer, directory: Directory, person: str) -> None:
    _require(viewer, directory, person)
    with writing(deployment.engine) as connection:
        connection.execute(delete(PhotoRow).where(PhotoRow.person == person))


def _require(viewer: Viewer, directory: Directory, person: str) -> None:
    if not directory.knows(person):
        raise NotFound("no-such-person", {"id": person})
    if not may_change(viewer, person):
        raise NotAllowed("viewer-may-not-change-photo")


def shrunk(content: bytes) -> bytes:
    """The middle of a picture as a JPEG of `SIDE` × `SIDE` points. It is drawn again, which drops place, time and camera.

    The number of points is checked before the picture is decoded. Raises `Refused`."""
    from PIL import Image, ImageOps  # slow to load, and needed for uploads only

    if not content:
        raise Refused("photo", [Problem("photo", "photo-not-chosen")])
    if len(content) > LARGEST:
        raise Refused("photo", [Problem("photo", "photo-too-large", {"most": LARGEST // 1024 // 1024})])
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MOST_POINTS:
                raise _too_fine()
            image.draft("RGB", (SIDE * 2, SIDE * 2))  # a large JPEG is decoded at a fraction of its size
            upright = ImageOps.exif_transpose(image)
            drawn = Image.new("RGB", (SIDE, SIDE), "white")
            small = ImageOps.fit(upright.convert("RGBA"), (SIDE, SIDE))
            drawn.paste(small, mask=small.getchannel("A"))
    except Image.DecompressionBombError:
        raise _too_fine() from None
    except (OSError, ValueError, SyntaxError, MemoryError):
        raise Refused("photo", [Problem("photo", "photo-unreadable")]) from None
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=85)
    return out.getvalue()


def _too_fine() -> Refused:
    return Refused(
        "photo",
        [Problem("photo", "photo-too-detailed", {"most": MOST_POINTS // 1000000})],
    )


_COLUMNS = {"at": phrase("Time"), "by": phrase("Uploaded by")}


def photo_of(connection: Connection, person: str) -> Holding:
    """The photo as data held about its person: when it was uploaded, by whom, and the picture."""
    found = connection.execute(select(PhotoRow).where(PhotoRow.person == person)).first()

    def records(start: int, most: int) -> Iterable[HeldRecord]:
        return [{"at": found.at, "by": found.by}][start : start + most] if found else []

    def files() -> Iterable[tuple[str, Any]]:
        return [("photo.jpg", found.data)] if found else []

    title = phrase("Your photo")
    about = phrase("Uploaded by you or HR. Everybody who is signed in can see it")
    at = found.at if found else None
    return Holding("orgchart.photo", title, about, _COLUMNS, int(found is not None), records, at, at, "people", files)
