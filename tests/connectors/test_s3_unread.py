"""`s3`: what is archived, packed, too large, or no text. Numbers are those of the vendor's edge cases."""

from __future__ import annotations

import gzip
import zlib

GLACIER = "GLACIER"
RESTORED = (
    "<IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>2026-12-01T00:00:00.000Z</RestoreExpiryDate>"
)


# 10: archives


def test_10_archived_object_is_skipped_without_a_request_until_it_is_restored(desk, fake):
    fake.put("a.md", "from the cold", storage_class=GLACIER, archived=True)
    desk.sync()
    assert (desk.unread(), fake.counts["GET"]) == ({"a.md": "archived"}, 0)
    assert (desk.sync().counts.unchanged, fake.counts["GET"]) == (1, 0)

    blob = fake.shelf.get("a.md")
    blob.restore, blob.archived = RESTORED, False
    desk.sync()
    assert desk.items() == {"a.md": "from the cold"}


def test_10_text_stays_when_its_object_is_archived_or_its_restored_copy_expires(desk, fake):
    fake.put("a.md", "read in time")
    desk.sync()
    blob = fake.shelf.get("a.md")
    blob.storage_class, blob.archived = GLACIER, True

    assert desk.sync().counts.unchanged == 1
    assert desk.items() == {"a.md": "read in time"}


def test_10_restore_under_way_is_not_a_restore(desk, fake):
    under_way = "<IsRestoreInProgress>true</IsRestoreInProgress>"
    fake.put("a.md", "thawing", storage_class="DEEP_ARCHIVE", archived=True, restore=under_way)
    desk.sync()

    assert (desk.unread(), fake.counts["GET"]) == ({"a.md": "archived"}, 0)


def test_10_archive_that_only_a_refusal_tells_is_asked_again_a_day_later(desk, fake):
    fake.put("a.md", "tiered", storage_class="INTELLIGENT_TIERING", archived=True)
    desk.sync()
    assert desk.unread() == {"a.md": "archived"}
    assert (desk.sync().counts.unchanged, fake.counts["GET"]) == (1, 0)

    fake.shelf.get("a.md").archived = False
    fake.date = "Sat, 28 Nov 2099 12:00:00 GMT"
    desk.sync()
    assert desk.items() == {"a.md": "tiered"}


# 15: packed


def test_15_packed_text_is_unpacked(desk, fake):
    packed = {"Content-Encoding": "gzip"}
    fake.put("a.log", gzip.compress(b"one ") + gzip.compress(b"two"), headers=packed)
    fake.put("b.log", "said to be packed, and is not", headers=packed)
    fake.put("c.log", gzip.compress(b"uploaded in chunks"), headers={"Content-Encoding": "aws-chunked, gzip"})
    desk.sync()

    texts = {"a.log": "one two", "b.log": "said to be packed, and is not", "c.log": "uploaded in chunks"}
    assert desk.items() == texts


def test_15_bombs_damage_and_foreign_packing_are_skipped(desk, fake):
    packed = {"Content-Encoding": "gzip"}
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    squeezed = b"".join([bomb.compress(b"0" * 1_000_000) for _ in range(300)]) + bomb.flush()
    fake.put("bomb.log", squeezed, headers=packed)
    fake.put("cut.log", gzip.compress(b"a longer text that is cut" * 99)[:-20], headers=packed)
    fake.put("wrong.log", b"\x1f\x8b" + b"no gzip at all", headers=packed)
    fake.put("br.log", b"whatever", headers={"Content-Encoding": "br"})
    fake.put("text.gz", gzip.compress(b"a file, not an encoding"))
    fake.put("large.log", gzip.compress(b"\n".join(b"line %d" % number for number in range(200_000))), headers=packed)
    desk.options["max_file_size_mb"] = 1
    desk.sync()

    assert desk.items() == {}
    assert desk.unread() == {
        "bomb.log": "larger than 1 MB when unpacked",
        "cut.log": "damaged gzip",
        "wrong.log": "damaged gzip",
        "br.log": "no way to unpack the content encoding br",
        "text.gz": "no extractor for .gz",
        "large.log": "larger than 1 MB when unpacked",
    }
    desk.options["max_file_size_mb"] = 1000
    desk.sync()
    assert desk.unread()["bomb.log"] == "unpacks to more than 200 times its size"


# 16: sizes


def test_16_too_large_object_is_skipped_without_a_request_and_read_when_it_shrinks(desk, fake):
    desk.options["max_file_size_mb"] = 0.0001
    fake.put("a.md", "x" * 101)
    desk.sync()
    assert (desk.unread(), fake.counts["GET"]) == ({"a.md": "larger than 0.0001 MB"}, 0)
    assert (desk.sync().counts.unchanged, fake.counts["GET"]) == (1, 0)

    fake.put("a.md", "small")
    desk.sync()
    assert desk.items() == {"a.md": "small"}

    fake.put("a.md", "y" * 101)
    desk.sync()
    assert (desk.items(), desk.unread()) == ({}, {"a.md": "larger than 0.0001 MB"})


def test_16_size_that_the_listing_lied_about_is_found_out(desk, fake):
    desk.options["max_file_size_mb"] = 0.0001
    fake.put("a.md", "x" * 101)
    fake.listed_sizes["a.md"] = 5
    desk.sync()

    assert desk.unread() == {"a.md": "larger than 0.0001 MB"}


# What cannot be read


def test_binary_objects_are_skipped_the_well_known_ones_without_a_request(desk, fake):
    fake.put("photo.PNG", b"\x89PNG\r\n")
    fake.put("paper.pdf", b"%PDF-1.7")
    fake.put("blob", b"\0\1\2\3binary")
    fake.put("latin.txt", "Ein Gruß aus der schönen Küche, für alle Gäste.".encode("latin-1"))
    desk.sync()

    assert desk.unread() == {
        "photo.PNG": "no extractor for .png",
        "paper.pdf": "no extractor for .pdf",
        "blob": "binary",
    }
    assert sorted(fake.keys_got()) == ["blob", "latin.txt"]
    assert "Gruß" in desk.items()["latin.txt"]
    assert (desk.sync().counts.unchanged, fake.counts["GET"]) == (4, 0)
