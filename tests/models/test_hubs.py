"""Downloads from hubs with their real clients: complete, resumed, verified, or refused with the reason."""

from __future__ import annotations

import resource
import tarfile
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from app import free_space
from app.domain.errors.base import AppError
from app.domain.errors.models import (
    ArchiveRefused,
    HubAnswerWrong,
    HubRefused,
    HubUnreachable,
    NoRoomForModel,
    TransferBroken,
)
from app.domain.errors.requests import InvalidParameter
from app.hubs import HubName, Listing, RemoteFile, check_id
from app.hubs.checksums import changed_files, write_checksums
from app.hubs.huggingface import HuggingFace
from app.hubs.modelscope import ModelScope
from app.hubs.transfer import Cancelled, Patience, Transfer
from app.hubs.unpack import unpack
from app.hubs.wenet import WenetMirror
from tests.models.conftest import FUNASR_FILES, SENSEVOICE_HF, SENSEVOICE_MS
from tests.models.hub import LoopbackHub, link, tar_gz
from tests.waiting import PATIENCE_SECONDS

QUICK = Patience(attempts=3, pause_seconds=0.01, silence_seconds=5)
WANTED = {"config.yaml", "configuration.json", "am.mvn", "README.md", "model.pt"}
WEIGHTS = FUNASR_FILES["model.pt"]
NOT_SAID = "127.0.0.1"


@pytest.fixture(autouse=True)
def _no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "modelscope-home"))


def listing_of(hub: LoopbackHub, name: HubName) -> Listing:
    if name is HubName.HUGGINGFACE:
        return HuggingFace("models", hub.address).listing(SENSEVOICE_HF)
    return ModelScope("models", hub.address).listing(SENSEVOICE_MS)


def transfer(
    file: RemoteFile,
    folder: Path,
    stopping: Event | None = None,
    patience: Patience = QUICK,
    on_trouble: Callable[[str], None] = lambda _reason: None,
    **headers: str,
) -> Transfer:
    return Transfer(
        HubName.MODELSCOPE,
        "owner/name",
        file,
        folder / file.path,
        headers,
        stopping or Event(),
        folder,
        patience,
        on_trouble=on_trouble,
    )


def weights_of(hub: LoopbackHub) -> RemoteFile:
    [weights] = [f for f in listing_of(hub, HubName.MODELSCOPE).files if f.path == "model.pt"]
    return weights


@pytest.mark.parametrize("name", [HubName.HUGGINGFACE, HubName.MODELSCOPE])
def test_a_hub_is_listed_by_its_own_client_without_examples_and_programs(hub: LoopbackHub, name: HubName) -> None:
    listing = listing_of(hub, name)

    assert {file.path for file in listing.files} == WANTED
    assert listing.size_bytes == sum(len(FUNASR_FILES[path]) for path in WANTED)
    assert all(file.sha256 or file.git_sha1 for file in listing.files)


@pytest.mark.parametrize("name", [HubName.HUGGINGFACE, HubName.MODELSCOPE])
def test_every_file_arrives_as_it_was_announced(hub: LoopbackHub, name: HubName, tmp_path: Path) -> None:
    arrived: list[int] = []
    for file in listing_of(hub, name).files:
        transfer(file, tmp_path).fetch(arrived.append)

    for path in WANTED:
        assert (tmp_path / path).read_bytes() == FUNASR_FILES[path]
    assert sum(arrived) == sum(len(FUNASR_FILES[path]) for path in WANTED)


def test_a_connection_that_is_cut_goes_on_where_it_broke(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [100_000, 50_000]
    arrived: list[int] = []

    transfer(weights_of(hub), tmp_path).fetch(arrived.append)

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS
    assert [asked.begin for asked in hub.asked] == [0, 100_000, 150_000]
    assert hub.sent["model.pt"] == len(WEIGHTS) == sum(arrived)


def test_cuts_that_bring_something_each_time_never_exhaust_the_patience(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [5000] * 12

    transfer(weights_of(hub), tmp_path).fetch()

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_what_has_arrived_is_kept_when_the_server_stays_away(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [100_000, 0, 0, 0]
    weights = weights_of(hub)
    with pytest.raises(TransferBroken):
        transfer(weights, tmp_path).fetch()

    transfer(weights, tmp_path).fetch()

    assert hub.asked[-1].begin == 100_000
    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_a_server_that_forgets_ranges_is_read_from_the_beginning(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [100_000]
    hub.forgets_ranges = True
    arrived: list[int] = []

    transfer(weights_of(hub), tmp_path).fetch(arrived.append)

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS
    assert sum(arrived) == len(WEIGHTS)
    assert hub.sent["model.pt"] == 100_000 + len(WEIGHTS)


def test_a_body_without_a_length_that_ends_early_is_not_taken_for_whole(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [100_000]
    hub.tells_size = False

    transfer(weights_of(hub), tmp_path).fetch()

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_a_server_that_falls_silent_is_asked_again(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.stall = True
    impatient = Patience(attempts=3, pause_seconds=0.01, silence_seconds=0.3)

    def let_go_at_the_third_request(_: int) -> None:
        if len(hub.asked) == 3:
            hub.go.set()

    transfer(weights_of(hub), tmp_path, patience=impatient).fetch(let_go_at_the_third_request)

    assert [asked.begin > 0 for asked in hub.asked] == [False, True, True]
    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_each_try_after_a_break_says_why_until_bytes_arrive_again(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.cuts = [100_000, 0]
    told: list[str] = []

    transfer(weights_of(hub), tmp_path, on_trouble=told.append).fetch()

    assert [bool(reason) for reason in told] == [True, True, False]


def test_a_disk_that_fills_up_is_said_to_be_so_and_nothing_is_lost(hub: LoopbackHub, tmp_path: Path) -> None:
    weights = weights_of(hub)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(NoRoomForModel):
            transfer(weights, tmp_path).fetch()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    transfer(weights, tmp_path).fetch()

    assert hub.asked[-1].begin == 300_000
    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_a_download_leaves_a_reserve_of_the_disk(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(free_space, "FREE_BYTES_KEPT", 2**62)
    monkeypatch.setattr(free_space, "SHARE_KEPT", 1)
    with pytest.raises(NoRoomForModel):
        transfer(weights_of(hub), tmp_path).fetch()


def test_wrong_bytes_are_thrown_away_and_named(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.wrong = {"model.pt"}

    with pytest.raises(TransferBroken, match="checksum"):
        transfer(weights_of(hub), tmp_path).fetch()

    assert list(tmp_path.glob("model.pt*")) == []


def test_wrong_bytes_of_a_small_file_are_found_by_its_git_name(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.wrong = {"config.yaml"}
    [config] = [f for f in listing_of(hub, HubName.HUGGINGFACE).files if f.path == "config.yaml"]

    with pytest.raises(TransferBroken, match="checksum"):
        transfer(config, tmp_path).fetch()


def test_a_file_of_an_older_revision_is_fetched_again(hub: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"x" * len(WEIGHTS))

    transfer(weights_of(hub), tmp_path).fetch()

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_a_longer_leftover_of_another_file_is_not_kept(hub: LoopbackHub, tmp_path: Path) -> None:
    (tmp_path / "model.pt.partial").write_bytes(b"x" * (len(WEIGHTS) + 1))

    transfer(weights_of(hub), tmp_path).fetch()

    assert (tmp_path / "model.pt").read_bytes() == WEIGHTS


def test_a_server_in_trouble_is_asked_again_and_one_that_refuses_is_not(hub: LoopbackHub, tmp_path: Path) -> None:
    weights = weights_of(hub)
    hub.status = {"/repo": 503}
    with pytest.raises(HubUnreachable, match="ModelScope"):
        transfer(weights, tmp_path).fetch()

    hub.status = {"/repo": 403}
    with pytest.raises(HubRefused, match="403"):
        transfer(weights, tmp_path, patience=Patience(pause_seconds=60)).fetch()


def test_a_download_that_is_cancelled_keeps_what_has_arrived(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.stall = True
    stopping, begun = Event(), Event()
    weights = weights_of(hub)
    ends: list[BaseException] = []

    def run() -> None:
        try:
            transfer(weights, tmp_path, stopping).fetch(lambda _: begun.set())
        except Cancelled as end:
            ends.append(end)

    thread = Thread(target=run)
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    stopping.set()
    hub.go.set()
    thread.join(PATIENCE_SECONDS)

    assert len(ends) == 1
    assert 0 < (tmp_path / "model.pt.partial").stat().st_size < len(WEIGHTS)


def test_credentials_go_to_the_hub_and_not_to_the_host_it_redirects_to(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "hf_secret"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    listing = listing_of(hub, HubName.HUGGINGFACE)

    for file in listing.files:
        transfer(file, tmp_path, **listing.headers).fetch()

    assert listing.headers == {"Authorization": "Bearer hf_secret"}
    assert "hf_secret" not in repr(listing)
    assert {asked.authorization for asked in hub.asked} == {""}


@pytest.mark.parametrize("client", [HuggingFace, ModelScope])
def test_a_model_that_the_hub_does_not_have_is_said_to_be_so(
    hub: LoopbackHub, client: type[HuggingFace | ModelScope]
) -> None:
    with pytest.raises(HubRefused, match="nobody/nothing"):
        client("models", hub.address).listing("nobody/nothing")


def test_a_hub_that_cannot_be_reached_advises_to_copy_the_folder_by_hand() -> None:
    with pytest.raises(HubUnreachable) as refusal:
        HuggingFace("/srv/models", "http://127.0.0.1:9").listing(SENSEVOICE_HF)

    told = refusal.value.problem.explained()
    assert told["message"] == "Hugging Face cannot be reached: Connection refused"
    assert "/srv/models" in told["advice"]


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "a/../../b", "C:\\x", "a\nb"])
@pytest.mark.parametrize("hub_name", [HubName.HUGGINGFACE, HubName.MODELSCOPE])
def test_a_listing_with_a_name_that_leads_elsewhere_is_refused(hub: LoopbackHub, name: str, hub_name: HubName) -> None:
    hub.extra_names = [name]

    with pytest.raises(HubAnswerWrong):
        listing_of(hub, hub_name)


@pytest.mark.parametrize(
    "id", ["", "name", "a/b/c", "../x", "a/..", "http://evil/x", "a b/c", "a/b?x=1", "a/b#", "@host/x"]
)
def test_an_id_cannot_become_another_address(id: str) -> None:
    with pytest.raises(InvalidParameter):
        check_id(HubName.HUGGINGFACE, id)


# The mirror of WeNet


def mirrored(hub: LoopbackHub, name: str) -> RemoteFile:
    [archive] = WenetMirror(hub.address + "/wenet/{name}.tar.gz").listing(name).files
    return archive


def test_an_archive_is_resumed_only_if_it_is_still_the_same(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.archives["m"] = b"a" * 300_000
    hub.cuts = [100_000, 0, 0, 0]
    with pytest.raises(TransferBroken):
        transfer(mirrored(hub, "m"), tmp_path).fetch()
    hub.archives["m"] = b"b" * 300_000

    transfer(mirrored(hub, "m"), tmp_path).fetch()

    assert (tmp_path / "archive.tar.gz").read_bytes() == b"b" * 300_000


def test_an_archive_that_arrived_before_a_kill_is_not_fetched_again(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.archives["m"] = b"a" * 300_000
    (tmp_path / "archive.tar.gz.partial").write_bytes(hub.archives["m"])

    transfer(mirrored(hub, "m"), tmp_path).fetch()

    assert hub.sent["archive"] == 0


def test_an_archive_is_unpacked_without_the_folder_around_it(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(tar_gz({"exp/train.yaml": b"x", "exp/sub/units.txt": b"y", "exp/._units": b""}))

    unpack(tmp_path / "a.tar.gz", tmp_path / "files", Event())

    assert (tmp_path / "files/train.yaml").read_bytes() == b"x"
    assert (tmp_path / "files/sub/units.txt").read_bytes() == b"y"
    assert not (tmp_path / "files/._units").exists()


def device(name: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    return member


@pytest.mark.parametrize(
    "archive",
    [
        tar_gz({"../outside": b"x"}),
        tar_gz({"/tmp/absolute": b"x"}),
        tar_gz({"exp/../../outside": b"x"}),
        tar_gz({"exp\\..\\outside": b"x"}),
        tar_gz({"a": b"x"}, link("exp/final.pt", "/etc/passwd")),
        tar_gz({"a": b"x"}, link("exp/final.pt", "a", tarfile.LNKTYPE)),
        tar_gz({"a": b"x"}, device("exp/pipe", tarfile.FIFOTYPE)),
        tar_gz({"a": b"x"}, device("exp/null", tarfile.CHRTYPE)),
        tar_gz({"exp/a": b"x", "exp/A": b"y"}),
        tar_gz({f"exp/{'n' * 300}": b"x"}),
        tar_gz({"exp/large": bytes(2_000_000)}),
    ],
    ids=["parent", "absolute", "inner-parent", "backslash", "symlink", "hardlink", "fifo", "device", "twice", "long", "large"],
)  # fmt: skip
def test_an_archive_with_an_evil_member_is_refused_and_writes_nothing(archive: bytes, tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    (box / "a.tar.gz").write_bytes(archive)

    with pytest.raises(ArchiveRefused):
        unpack(box / "a.tar.gz", box / "files", Event(), most_bytes=1_000_000)

    assert [path.name for path in tmp_path.iterdir()] == ["box"]
    assert {path.name for path in box.iterdir()} <= {"a.tar.gz", "files"}


@pytest.mark.parametrize(
    "content", [b"", b"no archive", tar_gz({"exp/a": bytes(5000)})[:-30]], ids=["empty", "no archive", "cut"]
)
def test_a_damaged_archive_is_said_to_be_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)

    with pytest.raises(TransferBroken, match="damaged"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "files", Event())


# Checksums


def test_changed_and_missing_files_are_named(tmp_path: Path) -> None:
    for name in ("same", "changed", "gone"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    write_checksums(tmp_path)
    assert changed_files(tmp_path) == []

    (tmp_path / "changed").write_text("other", encoding="utf-8")
    (tmp_path / "gone").unlink()

    assert changed_files(tmp_path) == ["changed", "gone"]


def test_a_folder_without_checksums_is_neither_good_nor_bad(tmp_path: Path) -> None:
    assert changed_files(tmp_path) is None


def test_errors_of_hubs_have_an_advice(hub: LoopbackHub) -> None:
    with pytest.raises(AppError) as refusal:
        ModelScope("models", hub.address).listing("nobody/nothing")

    assert refusal.value.problem.explained()["advice"]
