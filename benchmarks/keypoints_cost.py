"""Size of the network for fifteen points, and its time for a face on one core.

    python benchmarks/keypoints_cost.py

Beside it, in turns, the network by which faces are aligned. Writes
benchmarks/results/keypoints_cost.csv.
"""

import numpy as np
from measure import EXAMPLE, in_turns, write

from facelens import find_faces, load_model, read_photo
from facelens.faces.landmarks import PATCH, load


def main() -> None:
    model, points = load_model(task="keypoints"), load()
    picture = model.picture(find_faces(read_photo(EXAMPLE), detector="haar")[0])
    patch = {"patch": np.ascontiguousarray(picture[None, :PATCH, :PATCH])}
    seconds = in_turns(
        {
            "keypoints": lambda: model.predict([picture]),
            "points": lambda: points._session.run(None, patch),  # noqa: SLF001  one pass of it
        },
        turns=400,
        warm=50,
    )
    sizes = {name: entry["size"] for name, entry in model.bundle.files.items()}
    row = {
        "model": model.title,
        "graph_bytes": sizes["model.onnx"],
        "bundle_bytes": sum(sizes.values()),
        "ms_a_face": f"{1000 * seconds['keypoints']:.3f}",
        "times_points_network": f"{seconds['keypoints'] / seconds['points']:.2f}",
    }
    write("keypoints_cost", [row])


if __name__ == "__main__":
    main()
