"""The scripts install what was tested, and report and repeat whatever was interrupted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # every install starts pip several times

HELLO = "hello-1.0-py3-none-any.whl"


def test_the_locked_version_is_installed_not_the_newest(checkout: Checkout) -> None:
    done = checkout.start("--port", "8080")

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "serving with hello 1.0 --port 8080")
    assert {"hello-1.0", "torch-2.0", "nvidia_cudnn-9"} <= checkout.installed()


def test_a_second_start_asks_the_index_for_nothing(checkout: Checkout) -> None:
    checkout.start()
    checkout.index.requests.clear()

    done = checkout.start()

    assert (done.stdout, checkout.index.requests) == ("serving with hello 1.0\n", {})


def test_a_new_lock_is_followed(checkout: Checkout) -> None:
    checkout.start()
    checkout.lock("run", ("hello", "2.0"))

    assert "serving with hello 2.0" in checkout.start().stdout


def test_unlocked_packages_come_only_when_asked_for_and_are_noted(checkout: Checkout) -> None:
    asked = checkout.start("--unlocked", "--port", "8080")
    later = checkout.start()
    back = checkout.start(env={"FUNASR_UNLOCKED": "0"})

    assert "serving with hello 2.0 --port 8080" in asked.stdout
    assert "not tested together" in asked.stdout
    assert "serving with hello 2.0" in later.stdout
    assert "not the tested ones (FUNASR_UNLOCKED=0" in later.stdout
    assert "serving with hello 1.0" in back.stdout


def test_a_version_that_the_index_lacks_is_named_with_the_way_out(checkout: Checkout) -> None:
    lock = checkout.folder / "requirements/run.txt"
    lock.write_text(lock.read_text().replace("hello==1.0", "hello==1.5"))

    done = checkout.start()

    assert done.returncode == 1
    assert "The package index lacks a package that the program was tested with: hello==1.5." in done.stdout
    assert "FUNASR_UNLOCKED=1 bash scripts/start.sh" in done.stdout
    assert "serving" not in done.stdout


def test_a_file_that_a_mirror_lists_but_lacks_is_told(checkout: Checkout) -> None:
    checkout.lock("run", ("hello", "2.0"))
    checkout.index.missing.add("hello-2.0-py3-none-any.whl")

    done = checkout.start(env={"PIP_NO_CACHE_DIR": "1"})

    assert (done.returncode, "serving" in done.stdout) == (1, False)
    assert "did not give a file that it lists" in done.stdout
    assert "FUNASR_UNLOCKED=1" in done.stdout


def test_a_file_with_another_hash_is_refused(checkout: Checkout) -> None:
    lock = checkout.folder / "requirements/run.txt"
    lock.write_text("hello==1.0 --hash=sha256:" + 64 * "0" + "\n")
    uninstall = "-m pip uninstall -q -y hello"
    checkout.run(".venv/bin/python", *uninstall.split())

    done = checkout.start()

    assert done.returncode == 1
    assert "has another file than the one that the program was tested with" in done.stdout


def test_without_a_network_the_advice_is_the_network(checkout: Checkout) -> None:
    checkout.lock("run", ("hello", "2.0"))

    done = checkout.start(env={"PIP_INDEX_URL": "http://127.0.0.1:9/simple/"})

    assert done.returncode == 1
    assert "The package index could not be reached, or the line broke." in done.stdout
    assert "UNLOCKED" not in done.stdout


def test_a_download_goes_on_where_the_line_broke(checkout: Checkout) -> None:
    checkout.index.add("large", "1.0", size=3_000_000)
    checkout.lock("run", ("hello", "1.0"), ("large", "1.0"))
    checkout.index.breaks["large-1.0-py3-none-any.whl"] = 2

    done = checkout.start()

    assert done.returncode == 0
    assert checkout.index.requests["large-1.0-py3-none-any.whl"] == 3


def test_what_was_loaded_before_the_line_broke_is_not_loaded_again(checkout: Checkout) -> None:
    for name in ("first", "second"):
        checkout.index.add(name, "1.0", size=3_000_000)
    checkout.lock("run", ("hello", "1.0"), ("first", "1.0"), ("second", "1.0"))
    checkout.index.breaks["second-1.0-py3-none-any.whl"] = 1000
    broken = checkout.start()
    checkout.index.breaks.clear()

    done = checkout.start()

    assert (broken.returncode, done.returncode) == (1, 0)
    assert "the line broke" in broken.stdout
    assert checkout.index.requests["first-1.0-py3-none-any.whl"] == 1


def test_a_package_that_is_not_whole_is_installed_again(checkout: Checkout) -> None:
    checkout.start()
    [module] = checkout.folder.glob(".venv/lib/python3*/site-packages/hello/__init__.py")
    module.write_text("")
    (checkout.folder / ".venv/run.installed").unlink()

    assert "serving with hello 1.0" in checkout.start().stdout


def test_what_breaks_off_is_not_taken_for_whole(checkout: Checkout) -> None:
    checkout.start()
    checkout.index.add("late", "1.0", size=3_000_000)
    checkout.lock("run", ("hello", "2.0"), ("late", "1.0"))
    checkout.index.missing.add("late-1.0-py3-none-any.whl")

    broken_off = checkout.start()
    again = checkout.start()

    assert [broken_off.returncode, again.returncode] == [1, 1]
    assert not list(checkout.folder.glob(".venv/*.installed"))


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    python = checkout.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3")

    done = checkout.start()

    assert ".venv has a Python that does not start here." in done.stdout
    assert "serving with hello 1.0" in done.stdout


def fault(checkout: Checkout) -> str:
    return checkout.run("bash", "-c", "source scripts/environment.sh; venv_fault", "start.sh").stdout.strip()


def test_an_environment_of_another_folder_or_machine_is_known(checkout: Checkout) -> None:
    checkout.start()
    machine = checkout.folder / ".venv/machine"
    moved = Checkout(checkout.folder.with_name("moved"), checkout.index)
    here = machine.read_text()

    whole = fault(checkout)
    machine.write_text("Plan9 mips\n")
    copied = fault(checkout)
    machine.write_text(here)
    checkout.folder.rename(moved.folder)
    elsewhere = fault(moved)
    moved.folder.rename(checkout.folder)

    assert (whole, copied, elsewhere) == ("", "was made on another machine", "was made for another folder")


def test_an_environment_behind_a_link_is_never_cleared(checkout: Checkout, tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (others / "theirs").touch()
    venv = checkout.folder / ".venv"
    kept = venv.rename(checkout.folder / "kept")
    venv.symlink_to(others)
    try:
        done = checkout.start()
    finally:
        venv.unlink()
        kept.rename(venv)

    assert done.returncode == 1
    assert ".venv is a link to an environment that does not exist." in done.stdout
    assert (others / "theirs").exists()
