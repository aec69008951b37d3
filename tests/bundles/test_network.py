"""Networks from strangers: what they may not contain, cost or answer."""

import sys

import numpy as np
import pytest

from facelens.bundles import network, trial
from facelens.bundles.graph import check_graph
from facelens.bundles.network import Network
from facelens.bundles.session import open_session, options
from facelens.errors import BundleError

onnx = pytest.importorskip("onnx", reason="needs the extra `train`")
from onnx import TensorProto, helper, numpy_helper

value = helper.make_tensor_value_info


def graph(*nodes, constants=(), out=("n", 3), kind=TensorProto.FLOAT, opsets=()):
    """The bytes of a graph from `x`, float (n, 3), to `y`."""
    made = helper.make_graph(
        nodes,
        "graph",
        [value("x", TensorProto.FLOAT, ["n", 3])],
        [value("y", kind, out)],
        [numpy_helper.from_array(np.array(values), name) for name, values in constants],
    )
    imports = [helper.make_opsetid("", 20), *opsets]
    return helper.make_model(made, opset_imports=imports, ir_version=10).SerializeToString()


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), output.split(), **attributes)


def opened(data, *, stranger=True):
    return Network(open_session(data), "bundle", stranger=stranger)


def endless():
    body = helper.make_graph(
        [node("Identity", "go", "on"), node("Sin", "before", "after")],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []),
         value("before", TensorProto.FLOAT, ["n", 3])],
        [value("on", TensorProto.BOOL, []), value("after", TensorProto.FLOAT, ["n", 3])],
    )  # fmt: skip
    loop = helper.make_node("Loop", ["", "go", "x"], ["y"], body=body)
    return graph(loop, constants=[("go", True)])


BATCH = np.ones((2, 3), np.float32)


def test_an_honest_graph_answers():
    data = graph(node("Neg", "x", "y"))
    check_graph(data, "bundle")
    trial.try_graph(data, [(1, 3), (2, 3)], "bundle", options=options())
    (answer,) = opened(data).run({"y": (3,)}, BATCH)
    np.testing.assert_array_equal(answer, -BATCH)


@pytest.mark.parametrize(
    ("nodes", "constants", "words"),
    [
        ([node("Range", "zero most one", "far"), node("Cast", "far", "y", to=1)],
         [("zero", 0.0), ("one", 1.0)], "picture's values"),
        ([node("NonZero", "x", "at"), node("Cast", "at", "y", to=1)], [], "picture's values"),
        ([node("SequenceConstruct", "x", "list"), node("SequenceAt", "list zero", "y")],
         [("zero", 0)], "repeat for ever or of any size"),
        ([node("RandomNormal", "", "r", shape=[1]), node("Cast", "r", "size", to=7),
          node("Expand", "x size", "y")], [], "picture's values"),
        ([node("Gelu", "x", "y", domain="com.microsoft")], [], r"not ONNX's own \(com.micro"),
    ],
)  # fmt: skip
def test_what_no_network_for_faces_needs_is_refused(nodes, constants, words):
    most = node("ReduceMax", "x", "most", keepdims=0)
    with pytest.raises(BundleError, match=words):
        check_graph(graph(most, *nodes, constants=constants), "bundle")


def test_loops_functions_and_crowds_are_refused():
    with pytest.raises(BundleError, match=r"repeat for ever or of any size \(Loop\)"):
        check_graph(endless(), "bundle")
    model = onnx.load_from_string(graph(node("Neg", "x", "y")))
    inner = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("", "Neg", ["a"], ["b"], [], inner))
    with pytest.raises(BundleError, match="functions of its own"):
        check_graph(model.SerializeToString(), "bundle")
    crowd = [node("Neg", "x", f"y{i}") for i in range(20_001)]
    with pytest.raises(BundleError, match="more than 20,000"):
        check_graph(graph(*crowd, node("Neg", "x", "y")), "bundle")


def test_a_size_that_follows_from_the_pictures_size_is_fine():
    nodes = [node("Shape", "x", "size"), node("Expand", "one size", "ones"),
             node("Add", "x ones", "y")]  # fmt: skip
    data = graph(*nodes, constants=[("one", np.float32(1))])
    check_graph(data, "bundle")
    np.testing.assert_array_equal(opened(data).run({"y": (3,)}, BATCH)[0], BATCH + 1)


@pytest.mark.parametrize("data", [b"", b"not a graph", b"\x3a" * 1000, b"\x3a\x02" * 500])
def test_what_is_no_graph_is_a_sentence(data):
    def check_and_try():
        check_graph(data, "bundle")
        trial.try_graph(data, [(1, 3)], "bundle", options=options())

    with pytest.raises(BundleError, match="cannot be run"):
        check_and_try()


def test_every_operator_that_takes_a_size_is_known():
    """Of all operators of ONNX: inputs called after a size, a shape or a number of something."""
    from facelens.bundles.graph import _REFUSED, _SIZES

    words = {"shape", "size", "sizes", "axes", "pads", "repeats", "tiles", "k", "depth", "split",
             "starts", "ends", "steps", "output_shape", "image_shape", "block_shape", "dft_length",
             "frame_length", "num_mel_bins", "start", "limit", "delta",
             "max_output_boxes_per_class"}  # fmt: skip
    missing = set()
    for schema in onnx.defs.get_all_schemas_with_history():
        for at, put in enumerate(schema.inputs):
            if schema.domain == "" and put.name.lower() in words and schema.name not in _REFUSED:
                known = _SIZES.get(schema.name, ())
                if known is not None and at not in known:
                    missing.add((schema.name, put.name))
    # Their output is as large as their input. In Tile of 2014 one axis is repeated.
    assert missing <= {("Trilu", "k"), ("Attention", "K"), ("LinearAttention", "K")}


def test_a_run_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(network, "SECONDS", 0.5)
    with pytest.raises(BundleError, match="took longer than"):
        opened(endless()).run({"y": (3,)}, BATCH)


def test_a_trial_without_end_is_ended():
    with pytest.raises(BundleError, match="takes longer than 3 s"):
        trial.try_graph(endless(), [(1, 3)], "bundle", options=options(), seconds=3)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
def test_a_graph_that_asks_for_terabytes_is_refused():
    nodes = [node("Expand", "one size", "big"), node("ReduceMax", "big", "top", keepdims=0),
             node("Mul", "x top", "y")]  # fmt: skip
    data = graph(*nodes, constants=[("one", np.float32(1)), ("size", [2**19, 2**20])])
    assert len(data) < 1000
    check_graph(data, "bundle")  # its sizes are constant: only the trial can tell
    with pytest.raises(BundleError, match="too much memory"):
        trial.try_graph(data, [(1, 3)], "bundle", options=options())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e10])
def test_answers_that_are_no_numbers_are_a_sentence(bad):
    data = graph(node("Mul", "x bad", "y"), constants=[("bad", np.float32([1, bad, 1]))])
    for stranger in (True, False):
        with pytest.raises(BundleError, match="no numbers, or too large"):
            opened(data, stranger=stranger).run({"y": (3,)}, BATCH)


@pytest.mark.parametrize(
    ("nodes", "constants", "kind"),
    [
        ([node("Slice", "x zero zero", "y")], [("zero", [0])], 1),  # no rows
        ([node("Concat", "x x", "y", axis=0)], [], 1),
        ([node("Slice", "x zero one one", "y")], [("zero", [0]), ("one", [1])], 1),
        ([node("ReduceMax", "x", "y", keepdims=0)], [], 1),
        ([node("Cast", "x", "y", to=11)], [], 11),
    ],
)
def test_answers_of_another_shape_are_a_sentence(nodes, constants, kind):
    data = graph(*nodes, constants=constants, out=None, kind=kind)
    with pytest.raises(BundleError, match="y of another shape"):
        opened(data).run({"y": (3,)}, BATCH)


def test_a_graph_of_ours_is_not_tried(monkeypatch):
    from facelens import load_model

    monkeypatch.setattr(network, "try_graph", lambda *_, **__: pytest.fail("it was tried"))
    for name in ("mobilenet_v2", "keypoints"):
        load_model(name).check()


def test_a_strangers_is(tmp_path, monkeypatch):
    from helpers.tiny import tiny_bundle

    from facelens import load_model
    from facelens.bundles.bundle import write_manifest

    folder = tiny_bundle(tmp_path)
    model = onnx.load(folder / "model.onnx")
    model.doc_string = "another"
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    write_manifest(folder)
    tried = []
    monkeypatch.setattr(network, "try_graph", lambda _, shapes, *__, **___: tried.append(shapes))
    load_model(str(folder)).check()
    assert tried == [[(count, 218, 178, 3) for count in (1, 2, 3, 4)]]
