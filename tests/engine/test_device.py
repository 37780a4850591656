"""Choice of device and number of threads, and reading a container's limits."""

import os

import pytest
import torch

from app.domain.errors.inference import DeviceUnavailable
from app.engine.computing.cores import container_cores, physical_cores
from app.engine.computing.device import choose_device, use_threads


def test_auto_takes_what_is_there_and_says_why_it_is_not_a_gpu():
    choice = choose_device("auto")
    (line,) = choice.receipt
    assert (line.name, line.asked, line.applied) == ("device", "auto", choice.device.type)
    assert bool(line.reason) == (choice.device.type == "cpu")


def test_the_cpu_is_taken_without_a_reason():
    (line,) = choose_device("cpu").receipt
    assert (line.applied, line.reason) == ("cpu", None)


@pytest.mark.parametrize("asked", ["cuda:97", "tpu", "", "cuda:x"])
def test_a_device_that_is_absent_is_refused_with_the_reason(asked):
    with pytest.raises(DeviceUnavailable) as refused:
        choose_device(asked)
    assert refused.value.params["reason"]


def test_an_absent_device_is_replaced_only_where_that_is_allowed():
    choice = choose_device("cuda:97", allow_fallback=True)
    (line,) = choice.receipt
    assert choice.device.type == "cpu"
    assert (line.asked, line.applied) == ("cuda:97", "cpu")
    assert line.reason


def test_a_name_that_is_no_device_is_refused_in_spite_of_a_fallback():
    with pytest.raises(DeviceUnavailable):
        choose_device("tpu", allow_fallback=True)


def test_one_core_stays_free():
    before = torch.get_num_threads()
    assert use_threads(0) == max(1, physical_cores() - 1)
    assert use_threads(3) == torch.get_num_threads() == 3
    torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs an affinity of processes")
def test_a_process_bound_to_one_core_has_one():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert physical_cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize(
    ("files", "own", "cores"),
    [
        ({"cpu.max": "150000 100000\n"}, "0::/\n", 1),
        ({"cpu.max": "400000 100000\n"}, "0::/\n", 4),
        ({"cpu.max": "50000 100000\n"}, "0::/\n", 1),
        ({"cpu.max": "max 100000\n"}, "0::/\n", None),
        ({"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "max 100000\n"}, "0::/a/b\n", 3),
        ({"a/cpu.max": "300000 100000\n", "a/b/cpu.max": "200000 100000\n"}, "0::/a/b\n", 2),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, "1:cpu:/\n", 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, "1:cpu:/\n", None),
        (
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            "4:memory:/y\n3:cpu,cpuacct:/x\n",
            2,
        ),
        ({"cpu.max": "nonsense\n"}, "0::/\n", None),
        ({}, "0::/\n", None),
        ({}, None, None),
    ],
)
def test_the_limit_of_a_container_counts(tmp_path, files, own, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if own is not None:
        (tmp_path / "own").write_text(own)
    assert container_cores(tmp_path, tmp_path / "own") == cores
