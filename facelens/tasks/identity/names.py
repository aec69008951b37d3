"""What is said of recognition wherever it stands, and how a person may be called."""

from collections.abc import Sequence

from facelens.errors import DataError

DEFAULT = "identity"  # the embedded bundle
FEWEST_PEOPLE, MOST_PEOPLE = 2, 20
LONGEST = 40  # characters of a person's name
NOBODY, UNSURE = "nobody enrolled", "not sure"
CAUTION = (
    "A likeness is not an identity: people who look alike are mistaken for each other. Only with "
    "the consent of those enrolled; not for surveillance, access control or attendance."
)
CONSENT = (
    "Enrol only people who have agreed to it, and delete the file when they ask: it holds their "
    "names and embeddings of their faces, by which they can be recognised elsewhere, and no photo. "
    "Not for surveillance, access control or attendance."
)
EMPTY = (
    "Nobody is enrolled: facelens enrol FOLDER --out GALLERY.npz makes a gallery of a folder a "
    "person, and --model GALLERY.npz opens it."
)


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names of people as they will be shown.

    Raises:
        DataError: one is empty, too long, not printable, one of our own words, or there twice; or
            there are too few or too many people.
    """
    found = []
    for name in names:
        if not name.isprintable() or not (shown := " ".join(name.split())):
            raise DataError("A person's name has to be written in letters that can be shown.")
        if len(shown) > LONGEST:
            raise DataError(
                f"{shown[:LONGEST]}… is too long: a name has at most {LONGEST} letters."
            )
        if shown.casefold() in (NOBODY, UNSURE):
            raise DataError(f"Nobody can be called “{shown}”, which is an answer; change the name.")
        found.append(shown)
    plain = [name.casefold() for name in found]
    twice = next(
        (name for name, same in zip(found, plain, strict=True) if plain.count(same) > 1), ""
    )
    if twice:
        raise DataError(f"Two people are called {twice}; tell them apart by their names.")
    if len(found) < FEWEST_PEOPLE:
        raise DataError(
            "There is one person only; give two or more, for with one alone there is nobody to "
            "tell them from."
            if found
            else "There is nobody to enrol: give a folder a person, with photos in it."
        )
    if len(found) > MOST_PEOPLE:
        raise DataError(f"There are {len(found)} people; give at most {MOST_PEOPLE}.")
    return tuple(found)
