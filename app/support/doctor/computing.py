"""Checks of devices, model files, and one real recognition, all in child processes that may crash."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from app.domain.errors.base import N_, AppError
from app.engine.catalog.registry import identify
from app.hubs.checksums import changed_files
from app.services.inference.devices import LOOK_SECONDS, ProbeDied, ProbeHung, probe_devices, probe_torchaudio
from app.support.doctor.check import Check, Subject, failure, failure_of, ok, warning
from app.support.doctor.packages import REINSTALL, version_of
from app.support.selftest import SelfTest, run_selftest

NVIDIA_DRIVER = Path("/proc/driver/nvidia/version")
CARD_NODES = Path("/dev")


def devices(subject: Subject) -> Iterable[Check]:
    """Load torch, try torchaudio with it, query each device, and run a small computation on the configured one."""
    found = _probe(subject.spec.device)
    if isinstance(found, Check):
        yield found
        return
    yield ok("torch", N_("torch {version} can be loaded."), version=found["torch"])
    yield torch_pair(found["torch"])
    if subject.spec.device != "cpu":
        yield from driver(found["devices"])
    yield device_check(subject, found)


def model_files(subject: Subject) -> Iterable[Check]:
    folder = subject.spec.model_dir
    try:
        identify(folder)
    except AppError as error:
        yield failure_of("model_files", error)
        return
    changed = changed_files(folder)
    if changed is None:
        yield ok("model_files", N_("{folder} is there (it carries no checksums)."), folder=folder)
    elif changed:
        advice = N_("Copy the model folder again from its source, or choose another one with --model.")
        fact = N_("{folder}: changed or missing: {names}")
        yield failure("model_files", fact, advice, folder=folder, names=", ".join(changed))
    else:
        yield ok("model_files", N_("{folder}: every file matches its checksum."), folder=folder)


def recognition(subject: Subject) -> Iterable[Check]:
    """Load the model and recognise its golden sample, in a child process."""
    try:
        found = run_selftest(subject.spec)
    except AppError as error:
        yield failure_of("recognition", error)
        return
    fact = N_("The model was loaded on {device} ({dtype}) in {seconds} s.")
    yield ok("model", fact, device=found.device, dtype=found.dtype, seconds=round(found.load_seconds, 1))
    yield golden_check(found)


def golden_check(found: SelfTest) -> Check:
    """Return the check for the result of the test recognition."""
    if found.expected is None:
        fact = N_("The model folder has no golden sample to compare with.")
        return warning("recognition", fact, N_("Read a recording whose text you know."))
    if found.is_right:
        fact = N_("The golden sample was read correctly, {rtf} s of computing for 1 s of speech.")
        return ok("recognition", fact, rtf=round(found.rtf, 3))
    return failure(
        "recognition",
        N_("The golden sample was read as '{text}' instead of '{expected}'."),
        N_("The model or the numerics of this device are wrong: try --device cpu, then copy the model again."),
        text=found.text,
        expected=found.expected,
    )


def _probe(device: str) -> Mapping[str, Any] | Check:
    """Return the result of the device probe, or a check for its crash."""
    try:
        return probe_devices(device)
    except ProbeHung:
        fact = N_("A look at the devices gave no answer within {seconds} s.")
        advice = N_("A driver hangs: restart the machine, or compute on the CPU (--device cpu).")
        return failure("torch", fact, advice, seconds=int(LOOK_SECONDS))
    except ProbeDied as death:
        fact = N_("torch cannot be loaded: {reason}")
        advice = N_("torch or what it needs is damaged or does not fit. {detail}")
        return failure("torch", fact, advice, reason=str(death), detail=REINSTALL)


def torch_pair(torch: str) -> Check:
    """Run what the engine uses of torchaudio. The engine has a fallback, so only a crash is a failure."""
    pair = {"torch": torch, "torchaudio": version_of("torchaudio") or "?"}
    try:
        reason = probe_torchaudio()
    except ProbeHung:
        fact = N_("torchaudio {torchaudio} gave no answer together with torch {torch} within {seconds} s.")
        return failure("torch_pair", fact, REINSTALL, **pair, seconds=int(LOOK_SECONDS))
    except ProbeDied as death:
        fact = N_("torchaudio {torchaudio} crashes together with torch {torch}: {reason}")
        return failure("torch_pair", fact, REINSTALL, **pair, reason=str(death))
    if reason:
        fact = N_("torchaudio {torchaudio} does not work with torch {torch}: {reason}")
        slower = N_("Times of words are computed more slowly without it. {detail}")
        return warning("torch_pair", fact, slower, **pair, reason=reason, detail=REINSTALL)
    return ok("torch_pair", N_("torch {torch} and torchaudio {torchaudio} work together."), **pair)


def driver(
    found: Iterable[Mapping[str, str]], file: Path = NVIDIA_DRIVER, card_nodes: Path = CARD_NODES
) -> Iterable[Check]:
    """Report an NVIDIA GPU that torch cannot use.

    A container sees the host's driver even without access to a GPU, so a driver alone proves nothing.
    """
    [cuda] = [device for device in found if device["name"] == "cuda"]
    if not file.exists() or not any(card_nodes.glob("nvidia[0-9]*")) or _are_cards_hidden():
        return
    version = file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    if not cuda["reason"]:
        yield ok("driver", N_("The NVIDIA driver works with torch: {version}"), version=version)
        return
    yield warning(
        "driver",
        N_("An NVIDIA driver is installed ({version}), but torch cannot use it: {reason}"),
        N_("Bring the driver up to date, or install a torch that is built for it (pytorch.org, Get started)."),
        version=version,
        reason=cuda["reason"],
    )


def _are_cards_hidden() -> bool:
    """Return whether the GPUs are hidden from this program by its environment."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1")


def device_check(subject: Subject, found: Mapping[str, Any]) -> Check:
    """Return the check for the configured device, given the probe's result."""
    asked = subject.spec.device
    told = "; ".join(f"{device['name']}: {device['label'] or device['reason']}" for device in found["devices"])
    if not found["device"]:
        fact = N_("The device asked for, {device}, cannot be used: {reason}")
        advice = N_("Start with --device auto or --device cpu, or mend the device and its driver.")
        if subject.spec.allow_fallback:
            return warning("device", fact, advice, device=asked, reason=found["reason"])
        return failure("device", fact, advice, device=asked, reason=found["reason"])
    fact = N_("{device} computes {gflops} GFLOP/s in a small matrix product. Seen: {devices}")
    return ok("device", fact, device=found["device"], gflops=round(found["gflops"]), devices=told)
