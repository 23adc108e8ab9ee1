"""What a recording is stands in its bytes: its kind, that it is sound, its length. Nothing else is taken."""

from __future__ import annotations

import contextlib
import random
import struct

import pytest

from tests.unit.core.responses.recordings import EACH, a_wav, a_webm, an_mp4, an_ogg
from tideng.responses.audio import NotSpoken, recognise


@pytest.mark.parametrize("media_type", EACH)
@pytest.mark.parametrize("seconds", [0.5, 3.0, 61.5])
def test_kind_and_length_are_read_from_the_bytes(media_type, seconds):
    found = recognise(EACH[media_type](seconds))
    assert found.media_type == media_type
    assert found.seconds == pytest.approx(seconds, abs=0.02)


def test_an_mp4_with_its_length_in_the_head_is_as_long_as_that():
    assert recognise(an_mp4(12, fragments=False)).seconds == 12


def test_a_head_that_says_less_than_the_sound_takes_is_not_believed():
    """A length of one second in the head, and sixty of sound."""
    long = a_webm(60)
    info = long.index(bytes.fromhex("2ad7b1"))
    lie = bytes.fromhex("4489") + (4 | 1 << 56).to_bytes(8, "big") + struct.pack(">f", 1000.0)
    assert recognise(long[:info] + lie + long[info:]).seconds >= 59.9


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a recording"),
        (b"<html><script>alert(1)</script>", "not a recording"),
        (b"\xff\xfb\x90\x64" + b"\x00" * 400, "not a recording"),  # MP3
        (b"RIFF\x00\x00\x00\x00AVI ", "not a recording"),
        (b"\x89PNG\r\n\x1a\n", "not a recording"),
        (a_webm(codec=b"V_VP8", track=1), "more than sound"),
        (a_webm(codec=b"A_VORBIS"), "not a recording"),
        (a_webm(doc_type=b"matroska"), "not a recording"),
        (an_mp4(handler=b"vide", codec=b"avc1"), "more than sound"),
        (an_mp4(codec=b"ac-3"), "no sound"),
        (an_ogg(codec=b"\x01vorbis "), "not a recording"),
        (an_ogg(0), "no sound"),
        (a_wav(0), "no sound"),
        (a_wav().replace(struct.pack("<I", 8000), bytes(4)), "broken"),
        (b"\x1a\x45\xdf\xa3", "broken"),
        (b"OggS", "broken"),
    ],
)
def test_what_is_no_recording_is_refused_and_said_why(data, why):
    with pytest.raises(NotSpoken, match=why):
        recognise(data)


def test_a_broken_file_is_refused_and_never_breaks_the_reader():
    """Cut off and bent at random places, it is either a recording still or none: no other error, and no endless walk."""
    dice = random.Random(7)
    kept = 0
    for make in EACH.values():
        whole = make(2)
        for _ in range(150):
            bent = bytearray(whole[: dice.randrange(len(whole))] if dice.random() < 0.5 else whole)
            for _ in range(dice.randrange(6) if bent else 0):
                bent[dice.randrange(len(bent))] = dice.randrange(256)
            with contextlib.suppress(NotSpoken):
                kept += recognise(bytes(bent)).seconds > 0
    assert kept, "nothing was left of any of them"


def test_a_nest_of_boxes_ends():
    nest = b""
    for _ in range(2000):
        nest = struct.pack(">I4s", len(nest) + 8, b"moov") + nest
    with pytest.raises(NotSpoken):
        recognise(struct.pack(">I4s", 8, b"ftyp") + nest)
