"""Opens an untrusted media file so that FFmpeg reads this one file and nothing else, and converts FFmpeg's errors
to ours. It knows nothing about samples.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.error
import av.logging
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.domain.errors.audio import NoAudioStream, NotAudio
from app.domain.errors.base import N_
from app.domain.errors.uploads import EmptyFile
from app.engine.audio.facts import TrackFacts
from app.engine.audio.outline import likely_beginnings

WITHOUT_DURATION = {"aac", "ac3", "eac3", "dts", "loas", "truehd", "mpegvideo", "h264", "hevc"}
# Self-contained containers. Playlists (hls, dash, concat, sdp ...) are left out: they make FFmpeg open other files and
# URLs, so an upload could read the server's disk and network.
CONTAINERS = (
    "3g2,3gp,aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,dv,eac3,f4v,flac,flv,gxf,h264,hevc,iff,"
    "ircam,loas,m4a,m4v,matroska,mlp,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mpegvideo,mxf,nistsphere,nut,oga,ogg,oma,"
    "opus,qcp,rm,shn,sox,spdif,tak,truehd,tta,voc,w64,wav,webm,wsd,wtv,wv,xwma"
)
LONGEST_TITLE = 80
ESCAPED = "surrogateescape"
_OLD_ARGUMENTS: dict[str, Any] = {} if int(av.__version__.partition(".")[0]) > 18 else {"metadata_errors": ESCAPED}
"""How texts that are no UTF-8 come from PyAV: since version 19 always escaped."""
NOT_A_RECORDING = N_("it is a picture, a playlist or another kind of file, not a recording")
UNKNOWN_CONTENT = N_("its content is in no known format")
NO_INDEX = N_("its index is missing, as where a recording or a copy was broken off")
UNREADABLE = N_("the decoder cannot read it")
_MEANINGS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.InvalidDataError, N_("its content is damaged")),
    (av.error.EOFError, N_("it ends too early")),
    (av.error.DecoderNotFoundError, N_("its sound is encoded in an unknown or protected way")),
    (av.error.PatchWelcomeError, N_("it uses a part of its format that is not supported")),
)


@contextmanager
def open_container(source: Path, beginning: int | None = None) -> Iterator[InputContainer]:
    """Open a file by its content alone, ignoring its name and any junk before its signature, or before `beginning`.

    Raises:
        EmptyFile: the file has 0 bytes.
        NotAudio: FFmpeg does not recognise the content, or it is not in CONTAINERS.
    """
    beginning = beginning_of(source) if beginning is None else beginning
    with _NamelessFile(source, beginning) as file, _opened(file) as container:
        yield container


def beginning_of(source: Path) -> int:
    """Return the offset at which FFmpeg finds a recording: 0, or that of a signature after junk.

    Raises:
        EmptyFile: the file has 0 bytes.
    """
    if source.stat().st_size == 0:
        raise EmptyFile(name=source.name)
    *behind_rubbish, _ = likely_beginnings(source)
    for offset in behind_rubbish:
        with suppress(NotAudio), _NamelessFile(source, offset) as file, _opened(file) as container:
            if container.streams.audio:
                return offset
    return 0


def tracks_of(container: InputContainer) -> Iterator[TrackFacts]:
    """Yield the sound tracks that can be decoded, in their order in the file.

    Raises:
        NoAudioStream: there are only video or subtitle tracks.
        NotAudio: there are tracks, but no decoder for any of them (protected music, for example).
    """
    if not container.streams.audio:
        raise NoAudioStream
    readable = _readable(container)
    if not readable:
        raise NotAudio(detail=N_("its sound is encoded in an unknown or protected way"))
    for number, stream in enumerate(readable, start=1):
        told = {name: _told(stream, name) for name in ("title", "language")}
        codec = stream.codec_context
        yield TrackFacts(number, codec.codec.canonical_name, codec.channels, **told)


def _told(stream: AudioStream, name: str) -> str:
    """Return a text of the file, with replacement characters for what is no UTF-8."""
    text = str(stream.metadata.get(name, ""))
    return text.encode(errors=ESCAPED).decode(errors="replace")[:LONGEST_TITLE]


def by_preference(container: InputContainer) -> list[int]:
    """Return the numbers of the tracks that can be decoded, FFmpeg's choice first."""
    best = container.streams.best("audio")
    numbered = list(enumerate(_readable(container), start=1))
    return [number for number, _ in sorted(numbered, key=lambda each: each[1] is not best)]


def sound_track(container: InputContainer, number: int) -> AudioStream:
    """Return a track by its number."""
    return _readable(container)[number - 1]


def _readable(container: InputContainer) -> list[AudioStream]:
    return [track for track in container.streams.audio if track.codec_context is not None]


def words_of(error: av.error.FFmpegError) -> str:
    """Return what an error of FFmpeg means to a person."""
    return next((words for kind, words in _MEANINGS if isinstance(error, kind)), UNREADABLE)


@contextmanager
def _opened(file: _NamelessFile) -> Iterator[InputContainer]:
    # The format list refuses playlists; the empty protocol list keeps any demuxer from opening a second file.
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "", "max_size": "65536"}
    av.logging.set_level(av.logging.ERROR)  # otherwise FFmpeg's messages are lost
    with av.logging.Capture() as log:
        try:
            container = av.open(file, "r", options=options, **_OLD_ARGUMENTS)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            last = log[-1][2].strip() if log else ""
            raise NotAudio(detail=_why_not_opened(error, last), ffmpeg=f"{error.strerror} ({last})") from error
        finally:
            av.logging.set_level(None)
    with container:
        yield container


def _why_not_opened(error: av.error.FFmpegError, last: str) -> str:
    """Return the reason in words, given FFmpeg's last message."""
    if "not on whitelist" in last or "m3u8/hls" in last:
        return NOT_A_RECORDING
    if not last and isinstance(error, av.error.InvalidDataError):
        return UNKNOWN_CONTENT
    return NO_INDEX if "moov atom not found" in last else words_of(error)


class _NamelessFile:
    """The bytes of a file from its beginning on and without its name, so that FFmpeg can neither read meaning into the ending
    (`text.mp3`) nor into the name (`concat:a|b`, `http:x`).
    """

    def __init__(self, path: Path, beginning: int) -> None:
        self._file = path.open("rb")
        self._file.seek(beginning)
        self._beginning = beginning
        self.read = self._file.read

    def tell(self) -> int:
        return self._file.tell() - self._beginning

    def seek(self, offset: int, whence: int = 0) -> int:
        """Seek to where a header points; -1 if that is before the beginning, as FFmpeg expects."""
        try:
            if whence == os.SEEK_SET:
                offset += self._beginning if offset >= 0 else 0
            return self._file.seek(offset, whence) - self._beginning
        except OSError:
            return -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def promised_seconds(container: InputContainer, stream: AudioStream) -> float:
    """Return the duration that the header states; 0 where FFmpeg only estimated it from the bit rate, or where it is
    that of the longest of several streams.

    An MP3 states it in the tag that also states the encoder's delay, so only then its start time is not 0.
    """
    if container.format.name in WITHOUT_DURATION or (container.format.name == "mp3" and not stream.start_time):
        return 0.0
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if (told := _seconds_of_tag(stream.metadata.get("DURATION", ""))) is not None:
        return told
    return (container.duration or 0) / av.time_base if len(container.streams) == 1 else 0.0


def _seconds_of_tag(text: str) -> float | None:
    """Read the duration that Matroska states for each stream: 00:01:02.500000000."""
    try:
        hours, minutes, seconds = map(float, text.split(":"))
    except ValueError:
        return None
    return 3600 * hours + 60 * minutes + seconds
