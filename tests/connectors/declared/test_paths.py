"""Paths into answers."""

import pytest

from spyro_sdk.connectors.declared.paths import plain


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", ""),
        ("data", "data"),
        ("$.data.items", "data.items"),
        ("results[*]", "results"),
        ("$.a.b[*]", "a.b"),
        ("$[*]", ""),
        (" data ", "data"),
        ("@odata.nextLink", "@odata.nextLink"),
        ("$['@odata.nextLink']", "@odata.nextLink"),
        ("['a'][\"b\"]", "a.b"),
        ("$.a['b'].c", "a.b.c"),
        ("$ref", "$ref"),
        ("page-info.next_page", "page-info.next_page"),
    ],
)
def test_a_plain_path_is_read(path, expected):
    assert plain(path) == expected


@pytest.mark.parametrize(
    "path",
    ["", " ", "*", "$.", "$..a", "a..b", ".a", "a.", "a[0]", "a[*].b", "a[?(@.x)]", "$.*", "a b", "a[1:2]"],
)
def test_what_means_more_than_a_place_is_refused(path):
    with pytest.raises(ValueError, match="no filters, indexes or wildcards between"):
        plain(path)
