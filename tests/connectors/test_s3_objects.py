"""Ids, versions and names of objects: pure functions."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aragora_sync.connectors.s3.objects import Listed, extension_of, id_of, key_of, listed_of
from aragora_sync.store.digest import check_ids

ODD = st.text(alphabet=st.sampled_from("\0%025a/é"), min_size=1, max_size=8)


@given(ODD, ODD)
@example("a\0b", "a%00b")
@example("a%00b", "a%2500b")
@example("a%2500b", "a%252500b")
def test_ids_are_text_that_tells_keys_apart(one, other):
    check_ids([id_of(one)])

    assert key_of(id_of(one)) == one
    assert (id_of(one) == id_of(other)) == (one == other)


@pytest.mark.parametrize("key", ["plain.md", "100%.md", "a%20b", "%25"])
def test_ordinary_keys_are_their_own_ids(key):
    assert id_of(key) == key


@pytest.mark.parametrize(
    ("key", "extension"),
    [
        ("a/b.TXT", "txt"),
        ("a.d/b", ""),
        (".hidden", ""),
        (".hidden.png", "png"),
        ("a.tar.gz", "gz"),
        ("a.", ""),
        ("", ""),
    ],
)
def test_extension_is_what_follows_the_last_dot(key, extension):
    assert extension_of(key) == extension


def test_got_object_tells_what_the_next_listing_will_tell():
    listed = Listed.read({"Key": "a", "ETag": '"1"', "Size": 3, "LastModified": "2026-11-20T08:00:07.123Z"})
    answer = {"ETag": '"1"', "ContentLength": 3, "LastModified": "Fri, 20 Nov 2026 08:00:07 GMT"}

    assert listed_of(Listed("a"), answer) == listed
    assert listed_of(listed, {"ETag": '"1"'}) is listed
