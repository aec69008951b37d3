"""Write faces and labels in the parquet layout of the Hub."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facelens.files import atomic_write

SPLITS = ("train", "valid", "test")  # 0, 1, 2 in list_eval_partition.txt
ROW_GROUP = 1000  # rows


@dataclass(frozen=True)
class Sample:
    """A row to write: the bytes of an image file, its name, the person, the yes/no labels.

    A label is None where nobody knows; in the file it is null.
    """

    data: bytes
    path: str
    person: int | None
    labels: Sequence[bool | None]


def write_split(
    path: Path, samples: Iterable[Sample], names: Sequence[str], *, people: object = True
) -> int:
    """Write `samples` in CelebA's layout, one row group in memory at a time; return their number.

    Args:
        names: of the yes/no columns, in the order of each sample's labels.
        people: false if the identities are unknown; then there is no celeb_id.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())]))]
    fields += [("celeb_id", pa.int64())] if people else []
    schema = pa.schema([*fields, *((name, pa.bool_()) for name in names)])
    count = 0
    with atomic_write(path) as draft, pq.ParquetWriter(draft, schema) as writer:
        for group in _groups(samples):
            rows = [
                {
                    "image": {"bytes": sample.data, "path": sample.path},
                    "celeb_id": sample.person,
                    **dict(zip(names, sample.labels, strict=True)),
                }
                for sample in group
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema))
            count += len(rows)
    return count


def _groups(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    group: list[Sample] = []
    for sample in samples:
        group.append(sample)
        if len(group) == ROW_GROUP:
            yield group
            group = []
    if group:
        yield group
