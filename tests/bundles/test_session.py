"""Threads are as many as the container really has."""

import pytest

from facelens.bundles import session


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A folder that stands for the machine's control groups, and eight cores."""
    monkeypatch.setattr(session, "_CGROUPS", tmp_path)
    monkeypatch.setattr(session, "_OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(session.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("FACELENS_THREADS", raising=False)
    session.cores.cache_clear()
    yield tmp_path
    session.cores.cache_clear()


@pytest.mark.usefixtures("groups")
def test_without_a_container_every_core_counts():
    assert session.cores() == 8
    assert session.threads() == 4


@pytest.mark.parametrize(
    ("text", "cores"),
    [("100000 100000", 1), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", 8),
     ("nonsense", 8), ("", 8), ("1 0", 8)],
)  # fmt: skip
def test_a_quota_bounds_the_cores(groups, text, cores):
    (groups / "cpu.max").write_text(text)
    assert session.cores() == cores


@pytest.mark.parametrize(
    ("own", "cores"), [("0::/", 8), ("0::/one", 3), ("0::/one/two", 2), ("0::/one/two/three", 2)]
)
def test_every_group_on_the_way_bounds_the_cores(groups, own, cores):
    (groups / "one" / "two").mkdir(parents=True)
    (groups / "one" / "cpu.max").write_text("300000 100000")
    (groups / "one" / "two" / "cpu.max").write_text("200000 100000")
    (groups / "own").write_text(f"{own}\n")
    assert session.cores() == cores


@pytest.mark.parametrize(("quota", "cores"), [("100000", 1), ("300000", 3), ("-1", 8)])
def test_an_old_kernels_quota_bounds_them_too(groups, quota, cores):
    (groups / "cpu").mkdir()
    (groups / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (groups / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert session.cores() == cores


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(("wanted", "threads"), [("1", 1), ("6", 6), ("0", 4), ("many", 4)])
def test_the_environment_may_say_how_many(monkeypatch, wanted, threads):
    monkeypatch.setenv("FACELENS_THREADS", wanted)
    assert session.threads() == threads


def test_a_session_has_no_more_threads_than_that(groups, monkeypatch):
    import onnxruntime

    from facelens.faces import landmarks

    (groups / "cpu.max").write_text("100000 100000")
    seen = []
    kept = onnxruntime.InferenceSession

    def spy(graph, options, **rest):
        seen.append((options.intra_op_num_threads, options.inter_op_num_threads))
        return kept(graph, options, **rest)

    monkeypatch.setattr(onnxruntime, "InferenceSession", spy)
    session.open_session(landmarks.embedded())
    assert seen == [(1, 1)]


@pytest.mark.parametrize(
    ("machine", "text", "careful"),
    [("x86_64", "flags\t: fpu avx2 avx512_vnni fsrm", "0"), ("AMD64", "flags : avx_vnni", "0"),
     ("x86_64", "flags\t: fpu avx2 fma", "1"), ("x86_64", "", "1"), ("AMD64", None, "1"),
     ("aarch64", "Features : asimddp", "0"), ("arm64", None, "0")],
)  # fmt: skip
def test_int8_is_computed_with_care_where_it_may_overflow(
    monkeypatch, tmp_path, machine, text, careful
):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(f"processor : 0\n{text}\n")
    monkeypatch.setattr(session, "_PROCESSOR", tmp_path / "cpuinfo")
    monkeypatch.setattr(session.platform, "machine", lambda: machine)
    session.options.cache_clear()
    assert session.options()[session.CAREFUL] == careful
    session.options.cache_clear()
