"""Photos are small, hold nothing beside the picture, and are put there by those whom they are about, or by HR."""

import io

import pytest
from orgstory import apply, directory
from PIL import Image

from tideng.access.viewer import Viewer
from tideng.base.errors import NotAllowed, NotFound, Refused
from tideng.store.database import reading
from tideng_orgchart.organisation import photos

OWN = Viewer("p003", "p003", frozenset({"employee"}))
HR = Viewer("p001", "p001", frozenset({"hr"}))
LEAD = Viewer("p002", "p002", frozenset({"supervisor"}))
GPS = 0x8825


def a_photo(kind="JPEG", size=(800, 600), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "orange").save(out, kind, **more)
    return out.getvalue()


def located() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "Camera of p003"
    exif.get_ifd(GPS)[1] = "N"
    return a_photo(exif=exif)


def kept(deployment, person="p003"):
    with reading(deployment.engine) as connection:
        return photos.photo(connection, OWN, directory(deployment), None, person)


def put(deployment, content, viewer=OWN):
    photos.put(deployment, viewer, directory(deployment), "p003", content)


def test_a_photo_is_kept_small_and_without_place_and_camera(deployment, bundle):
    apply(deployment, bundle())
    assert b"Camera of p003" in located()
    put(deployment, located())
    with Image.open(io.BytesIO(kept(deployment))) as image:
        assert (image.size, image.format, dict(image.getexif())) == ((160, 160), "JPEG", {})
    assert b"Camera" not in kept(deployment)


def test_png_with_holes_is_drawn_on_white(deployment, bundle):
    apply(deployment, bundle())
    out = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(out, "PNG")
    put(deployment, out.getvalue(), HR)
    with Image.open(io.BytesIO(kept(deployment))) as image:
        assert image.getpixel((80, 80)) == (255, 255, 255)


def test_nobody_but_the_person_and_hr_changes_it(deployment, bundle):
    apply(deployment, bundle())
    with pytest.raises(NotAllowed):
        put(deployment, a_photo(), LEAD)
    put(deployment, a_photo())
    photos.remove(deployment, HR, directory(deployment), "p003")
    with pytest.raises(NotFound):
        kept(deployment)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no picture was chosen"),
        (b"GIF89a", "cannot be read"),
        (a_photo()[:200], "cannot be read"),
        (a_photo() + b"\0" * photos.LARGEST, "larger than 5 MB"),
        (a_photo("PNG", (9000, 9000)), "more than 40 million points"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(deployment, bundle, content, said):
    apply(deployment, bundle())
    with pytest.raises(Refused) as refused:
        put(deployment, content)
    assert said in str(refused.value)


def test_the_person_is_told_that_it_is_held(deployment, bundle):
    apply(deployment, bundle())
    put(deployment, a_photo(), HR)
    with reading(deployment.engine) as connection:
        (held,) = deployment.plugins.call("held_on", person="p003", connection=connection)
        photo = next(one for one in held if one.name == "orgchart.photo")
        assert [one["by"] for one in photo.all()] == ["p001"]
        ((name, content),) = photo.files()
    assert (name, content) == ("photo.jpg", kept(deployment))
