"""Templates of what headers say."""

from types import SimpleNamespace

from dissectors.words import filled, pieces, said


def test_a_template_comes_apart_into_words_and_the_names_of_values() -> None:
    assert pieces("TSval={tsval} TSecr={tsecr}") == (("TSval=", "tsval"), (" TSecr=", "tsecr"))


def test_words_behind_the_last_value_have_none() -> None:
    assert pieces("[{flags}] more") == (("[", "flags"), ("] more", ""))


def test_a_template_is_filled_with_attributes() -> None:
    assert filled("MSS={mss_val}!", SimpleNamespace(mss_val=1460)) == "MSS=1460!"


def test_pieces_are_said_where_one_of_their_bits_is_set() -> None:
    assert said((("always", 0), (" ack", 0x10), (" urg", 0x20)), 0x10) == "always ack"
