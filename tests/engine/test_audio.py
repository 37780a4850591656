"""Every recording decodes to the same samples, whatever its container; anything else is refused with a reason."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from app import free_space
from app.domain import reasons
from app.domain.errors.audio import AudioDamaged, AudioTooLong, AudioTooShort, NoAudioStream, NotAudio
from app.domain.errors.uploads import DiskFull, EmptyFile
from app.engine import SAMPLE_RATE
from app.engine.audio.container import open_container, tracks_of
from app.engine.audio.decoding import decode, read_waveform
from app.engine.audio.facts import AudioFacts, DecodeLimits
from tests.engine import sounds

LIMITS = DecodeLimits(max_seconds=3600, cpu_seconds=60, memory_mb=512)

ENCODINGS = [
    ("pcm_u8", "wav", 8_000, "mono"),
    ("pcm_s16le", "wav", 44_100, "stereo"),
    ("pcm_s24le", "wav", 48_000, "mono"),
    ("pcm_s64le", "wav", 48_000, "stereo"),
    ("pcm_s32le", "wav", 16_000, "mono"),
    ("pcm_f32le", "wav", 22_050, "mono"),
    ("pcm_f64le", "wav", 16_000, "mono"),
    ("pcm_mulaw", "wav", 8_000, "mono"),
    ("libmp3lame", "mp3", 44_100, "stereo"),
    ("aac", "adts", 48_000, "mono"),
    ("aac", "ipod", 44_100, "stereo"),
    ("alac", "ipod", 16_000, "mono"),
    ("aac", "mp4", 48_000, "mono"),
    ("flac", "flac", 96_000, "mono"),
    ("vorbis", "ogg", 48_000, "stereo"),
    ("libopus", "ogg", 48_000, "mono"),
    ("libopus", "webm", 48_000, "stereo"),
    ("wmav2", "asf", 44_100, "mono"),
    ("pcm_s16be", "aiff", 16_000, "mono"),
    ("ac3", "matroska", 48_000, "5.1"),
    ("pcm_s16be", "au", 16_000, "mono"),
]
CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6}


def decoded(source: Path, limits: DecodeLimits = LIMITS) -> tuple[AudioFacts, np.ndarray]:
    target = source.parent / "decoded.s16"
    facts = decode(source, target, limits)
    return facts, read_waveform(target, 0, facts.duration)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def mp3_bytes(folder: Path, samples: np.ndarray) -> bytes:
    return sounds.encode(folder / "sound.mp3", samples, codec="libmp3lame", container="mp3").read_bytes()


@pytest.mark.parametrize(("codec", "container", "rate", "layout"), ENCODINGS)
def test_the_same_sentence_comes_out_of_every_encoding(tmp_path, codec, container, rate, layout):
    sentence = sounds.sentence()
    sent = np.tile(sounds.resampled(sentence, SAMPLE_RATE, rate), (CHANNELS[layout], 1))
    path = tmp_path / "recording"
    sounds.encode(path, sent, codec=codec, container=container, rate=rate, layout=layout)

    facts, waveform = decoded(path)

    assert facts.duration == pytest.approx(len(sentence) / SAMPLE_RATE, abs=0.15)
    assert facts.duration == len(waveform) / SAMPLE_RATE
    assert (facts.sample_rate, facts.channels) == (rate, CHANNELS[layout])
    assert facts.warnings == ()
    assert sounds.similarity(sentence, waveform) > 0.95
    assert waveform.std() == pytest.approx(sentence.std(), rel=0.15)


def test_samples_that_need_no_conversion_are_kept_to_the_bit(tmp_path):
    samples = np.array([0, 1, -1, 32767, -32768] * 1000, dtype=np.int16)
    facts, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(samples)))

    assert (tmp_path / "decoded.s16").read_bytes() == samples.astype("<i2").tobytes()
    assert waveform.dtype == np.float32
    assert waveform.max() < 1.0
    assert (facts.codec, facts.container, facts.bit_rate) == ("pcm_s16le", "wav", 256_000)


@pytest.mark.parametrize("channels", [2, 6, 64, 100])
def test_equal_channels_sound_as_loud_as_one(tmp_path, channels):
    one = sounds.tone(1.0, level=0.9)
    facts, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(np.tile(one, (channels, 1)))))

    assert facts.channels == channels
    np.testing.assert_allclose(waveform, one, atol=1e-4)


@pytest.mark.parametrize(
    ("codec", "container", "layout"), [("aac", "ipod", "7.1"), ("libopus", "matroska", "hexadecagonal")]
)
def test_many_channels_in_planes_are_read(tmp_path, codec, container, layout):
    channels = av.AudioLayout(layout).nb_channels
    sound = np.tile(sounds.tone(1.0, rate=48_000), (channels, 1))
    path = tmp_path / "a"
    sounds.encode(path, sound, codec=codec, container=container, rate=48_000, layout=layout)
    facts, waveform = decoded(path)

    assert facts.channels == channels
    assert waveform.std() == pytest.approx(sound.std(), rel=0.15)


def test_channels_are_averaged(tmp_path):
    left, right = sounds.tone(0.5, 300), sounds.tone(0.5, 700)
    _, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(np.stack([left, right]))))
    np.testing.assert_allclose(waveform, (left + right) / 2, atol=1e-4)


def test_floats_beyond_full_scale_are_clipped(tmp_path):
    _, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(sounds.tone(0.5, level=3.0))))
    assert waveform.max() == pytest.approx(1.0, abs=1e-4)
    assert waveform.min() == -1.0


def test_a_header_of_400_khz_is_believed(tmp_path):
    sound = sounds.tone(0.5, rate=400_000)
    facts, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(sound, 400_000)))
    assert (facts.sample_rate, facts.duration) == (400_000, pytest.approx(0.5, abs=0.001))
    assert waveform.std() == pytest.approx(sound.std(), rel=0.02)


@pytest.mark.parametrize("rate", [1, 2**31 - 1])
def test_a_rate_of_no_recorder_is_refused(tmp_path, rate):
    with pytest.raises(AudioDamaged, match=f"impossible sampling rate: {rate}"):
        decoded(written(tmp_path / "a.wav", sounds.wav_bytes(sounds.tone(1.0), rate)))


def test_samples_that_are_not_numbers_are_silenced_and_counted(tmp_path):
    sound = sounds.tone(1.0, rate=48_000)
    sound[[100, 200, 300]] = [np.nan, np.inf, -np.inf]
    facts, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(sound, 48_000)))

    assert facts.warnings == (reasons.NOT_NUMBERS.of(count=3),)
    assert np.isfinite(waveform).all()
    np.testing.assert_allclose(waveform[1000:15_000], sounds.tone(1.0)[1000:15_000], atol=1e-2)


def test_a_recording_without_one_number_is_damaged(tmp_path):
    with pytest.raises(AudioDamaged, match="not one of its samples is a number"):
        decoded(written(tmp_path / "a.wav", sounds.wav_bytes(np.full(16_000, np.nan, dtype=np.float32))))


def test_a_truncated_mp3_gives_what_is_there_and_a_warning(tmp_path):
    sound = sounds.babble(6.0)
    whole = mp3_bytes(tmp_path, sound)
    facts, waveform = decoded(written(tmp_path / "a.mp3", whole[: len(whole) // 2]))

    assert facts.duration == pytest.approx(3.0, abs=0.2)
    assert sounds.similarity(sound, waveform) > 0.9
    assert "ends_early" in [warning.code for warning in facts.warnings]


def test_damage_in_the_middle_costs_only_its_own_place(tmp_path):
    sound = sounds.babble(6.0)
    content = bytearray(mp3_bytes(tmp_path, sound))
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(1).bytes(3000)
    facts, waveform = decoded(written(tmp_path / "a.mp3", bytes(content)))

    assert facts.duration == pytest.approx(6.0, abs=0.6)
    assert sounds.similarity(sound[: 2 * SAMPLE_RATE], waveform[: 2 * SAMPLE_RATE]) > 0.95
    assert "damaged_places" in [warning.code for warning in facts.warnings]


@pytest.mark.parametrize("claimed_bytes", [0, 0xFFFFFFFF, 10**9])
def test_a_wrong_length_in_the_header_changes_nothing(tmp_path, claimed_bytes):
    samples = (sounds.tone(1.0) * 32767).astype(np.int16)
    facts, _ = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(samples, data_size=claimed_bytes)))
    assert facts.duration == 1.0


@pytest.mark.parametrize(
    ("codec", "container"),
    [("libopus", "ogg"), ("flac", "ogg"), ("pcm_s16le", "wav"), ("pcm_s16le", "caf"), ("pcm_s16le", "w64")],
)
def test_half_a_file_says_that_its_end_is_missing(tmp_path, codec, container):
    rate = 48_000
    whole = sounds.encode(tmp_path / "a", sounds.babble(4.0, rate), codec=codec, container=container, rate=rate)
    assert decoded(whole)[0].warnings == ()

    content = whole.read_bytes()
    facts, _ = decoded(written(whole, content[: len(content) // 2]))
    assert [warning.code for warning in facts.warnings] == ["cut_short"]


@pytest.mark.parametrize(
    ("codec", "container"), [("pcm_s16le", "wav"), ("pcm_s16be", "aiff"), ("alac", "ipod"), ("aac", "flv")]
)
def test_two_files_in_one_are_read_or_the_rest_is_told(tmp_path, codec, container):
    piece = sounds.encode(tmp_path / "a", sounds.babble(4.0), codec=codec, container=container).read_bytes()
    facts, _ = decoded(written(tmp_path / "b", piece + piece))

    assert facts.duration > 7 or "bytes_left" in [warning.code for warning in facts.warnings]


def test_sound_behind_a_length_that_is_too_small_is_told(tmp_path):
    samples = (sounds.babble(2.0) * 32767).astype(np.int16)
    facts, _ = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(samples, data_size=SAMPLE_RATE * 2)))
    assert facts.warnings == (reasons.BYTES_LEFT.of(count=SAMPLE_RATE * 2),)


def test_chunks_and_tags_behind_the_sound_are_no_sound(tmp_path):
    whole = sounds.wav_bytes((sounds.babble(1.0) * 32767).astype(np.int16))
    behind = b"LIST\x04\0\0\0INFOid3 \x06\0\0\0ID3abc" + b"TAG" + b"x" * 125
    assert decoded(written(tmp_path / "a.wav", whole + behind))[0].warnings == ()
    assert decoded(written(tmp_path / "a.wav", whole + bytes(5000)))[0].warnings == ()


RUBBISH = {
    "an ID3 tag": b"ID3\x03\0\0\0\0\x02\x00" + bytes(256),
    "zeros": bytes(4096),
    "a mail header": b"\r\n--part\r\nContent-Type: audio/wav\r\n\r\n",
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH.keys())
@pytest.mark.parametrize(
    ("codec", "container"),
    [("pcm_s16le", "wav"), ("libopus", "ogg"), ("flac", "flac"), ("libopus", "webm"), ("aac", "ipod")],
)
def test_rubbish_before_a_signature_is_skipped(tmp_path, rubbish, codec, container):
    sound = sounds.babble(2.0, 48_000)
    whole = sounds.encode(tmp_path / "a", sound, codec=codec, container=container, rate=48_000)
    expected, _ = decoded(whole)
    facts, _ = decoded(written(tmp_path / "b", rubbish + whole.read_bytes()))

    assert (facts.duration, facts.codec, facts.warnings) == (expected.duration, expected.codec, ())


def test_a_recording_in_an_archive_is_not_taken_out(tmp_path):
    archive = b"PK\x03\x04" + bytes(26) + sounds.wav_bytes((sounds.babble(1.0) * 32767).astype(np.int16))
    with pytest.raises(NotAudio):
        decoded(written(tmp_path / "a.zip", archive))


@pytest.mark.parametrize("right", [-1.0, -0.8])
def test_channels_that_cancel_each_other_give_way_to_the_loudest(tmp_path, right):
    """A reversed wire: both channels are loud, and their average is all but silent."""
    sound = sounds.babble(2.0)
    stereo = (np.stack([sound, right * sound]) * 32767).astype(np.int16)
    facts, waveform = decoded(written(tmp_path / "a.wav", sounds.wav_bytes(stereo)))

    assert facts.warnings == (reasons.CANCELLED_OUT.of(channel=1),)
    np.testing.assert_allclose(waveform, sound, atol=1e-4)


def test_a_speaker_on_one_channel_is_no_cancellation(tmp_path):
    stereo = (np.stack([sounds.babble(2.0), sounds.silence(2.0)]) * 32767).astype(np.int16)
    assert decoded(written(tmp_path / "a.wav", sounds.wav_bytes(stereo)))[0].warnings == ()


@pytest.mark.parametrize("container", ["mpegts", "mpeg", "matroska", "flv"])
def test_sound_that_starts_later_than_the_picture_keeps_its_time(tmp_path, container):
    late = tmp_path / "late"
    picture = ["-f", "lavfi", "-i", "testsrc=d=6:s=64x48:r=25"]
    sound = ["-itsoffset", "3", "-f", "lavfi", "-i", "sine=d=2:r=44100"]
    encoding = ["-c:a", "mp2" if "mpeg" in container else "aac", "-f", container, str(late)]
    subprocess.run(["ffmpeg", "-v", "error", *picture, *sound, *encoding], check=True)
    facts, waveform = decoded(late)

    assert np.flatnonzero(np.abs(waveform) > 0.02)[0] / SAMPLE_RATE == pytest.approx(3.0, abs=0.15)
    assert [warning.code for warning in facts.warnings] == ["gaps"]  # the picture is longer: nothing ends early


def test_an_aac_stream_that_changes_rate_and_channels_is_read_to_its_end(tmp_path):
    narrow = sounds.babble(2.0, rate=22_050)
    wide = np.tile(sounds.babble(2.0, rate=44_100), (2, 1))
    first = sounds.encode(tmp_path / "1", narrow, codec="aac", container="adts", rate=22_050)
    second = sounds.encode(tmp_path / "2", wide, codec="aac", container="adts", rate=44_100, layout="stereo")
    facts, waveform = decoded(written(tmp_path / "a.aac", first.read_bytes() + second.read_bytes()))

    assert facts.duration == pytest.approx(4.0, abs=0.3)
    assert waveform[-SAMPLE_RATE:].std() == pytest.approx(wide.std(), rel=0.25)


@pytest.mark.parametrize(("codec", "container"), [("flac", "matroska"), ("libopus", "webm"), ("aac", "mp4")])
def test_a_gap_in_the_recording_stays_a_gap(tmp_path, codec, container):
    """Browsers that are muted while recording leave one; the player shows it as silence too."""
    rate = 48_000
    with av.open(str(tmp_path / "a"), "w", format=container) as output:
        sounds.add_sound(output, sounds.babble(4.0, rate), codec=codec, rate=rate, gap=(1.0, 3.0))
    facts, waveform = decoded(tmp_path / "a")

    assert facts.duration == pytest.approx(6.0, abs=0.1)
    assert facts.warnings == (reasons.GAPS.of(seconds="2.0"),)
    assert np.abs(waveform[int(1.2 * SAMPLE_RATE) : int(2.8 * SAMPLE_RATE)]).max() < 1e-3
    assert np.abs(waveform[int(3.2 * SAMPLE_RATE) :]).max() > 0.1


def test_an_empty_first_track_gives_way_to_the_next(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        output.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="stereo")
        sounds.add_sound(output, sounds.tone(1.0), codec="flac", rate=SAMPLE_RATE)
    facts, waveform = decoded(tmp_path / "a.mkv")

    assert facts.codec == "flac"
    assert len(waveform) == SAMPLE_RATE
    assert facts.warnings == (reasons.MORE_TRACKS.of(count=2),)


def test_a_track_of_garbage_gives_way_to_the_next(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        garbage = output.add_stream("aac", rate=SAMPLE_RATE, layout="mono")
        garbage.disposition = av.stream.Disposition.default
        sounds.add_sound(output, sounds.tone(1.0), codec="flac", rate=SAMPLE_RATE)
        sounds.encode_onto(output, garbage, sounds.tone(1.0)[np.newaxis], SAMPLE_RATE, "mono", garble=True)
    facts, waveform = decoded(tmp_path / "a.mkv")

    assert facts.codec == "flac"
    assert len(waveform) == SAMPLE_RATE


def tracks(path: Path, *loudness: float) -> Path:
    """Write a film's sound tracks, each a tone of another height: 300 Hz, 400 Hz and so on."""
    with av.open(str(path), "w", format="matroska") as output:
        streams = [output.add_stream("flac", rate=SAMPLE_RATE, layout="mono") for _ in loudness]
        streams[0].metadata.update(title="Director", language="fre")
        for number, (stream, gain) in enumerate(zip(streams, loudness, strict=True)):
            sound = sounds.tone(2.0, hertz=300.0 + 100 * number) * gain
            sounds.encode_onto(output, stream, sound.astype(np.float32)[np.newaxis], SAMPLE_RATE, "mono")
    return path


def test_a_title_in_an_unknown_encoding_has_marks_for_what_cannot_be_read(tmp_path: Path) -> None:
    film = tracks(tmp_path / "film.mkv", 1.0, 1.0)
    film.write_bytes(film.read_bytes().replace(b"Director", b"Dir\xff\xfdtor"))

    with open_container(film) as container:
        [told, _] = tracks_of(container)
    assert told.title == "Dir\ufffd\ufffdtor"


def height(waveform: np.ndarray) -> int:
    return round(int(np.abs(np.fft.rfft(waveform)).argmax()) * SAMPLE_RATE / len(waveform))


@pytest.mark.parametrize(
    ("loudness", "wanted", "number", "reason"),
    [
        ((1.0, 1.0), 0, 1, None),
        ((0.05, 1.0), 0, 1, None),
        ((0.0, 0.1, 1.0, 0.5), 0, 3, reasons.FIRST_TRACK_SILENT),
        ((0.0001, 1.0, 0.1), 0, 2, reasons.FIRST_TRACK_SILENT),
        ((0.0, 0.0), 0, 1, None),
        ((1.0, 0.1), 2, 2, None),
        ((1.0, 1.0), 7, 1, reasons.NO_SUCH_TRACK.of(count=2)),
        ((0.0, 1.0), 1, 1, None),
    ],
)
def test_a_wanted_track_is_read_else_the_first_else_the_loudest(tmp_path, loudness, wanted, number, reason):
    source = tracks(tmp_path / "film", *loudness)
    facts = decode(source, tmp_path / "samples", LIMITS, track=wanted)

    assert (facts.track, facts.track_reason) == (number, reason)
    assert facts.tracks[0].title == "Director"
    assert len(facts.tracks) == len(loudness)
    assert AudioFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts
    if loudness[number - 1]:
        assert height(read_waveform(tmp_path / "samples", 0, 2)) == 200 + 100 * number


def test_a_silent_stereo_track_gives_way_to_a_mono_one_with_channels_apart(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        silent = output.add_stream("flac", rate=SAMPLE_RATE, layout="stereo")
        spoken = output.add_stream("flac", rate=SAMPLE_RATE, layout="mono")
        sounds.encode_onto(output, silent, np.zeros((2, 16_000), np.float32), SAMPLE_RATE, "stereo")
        sounds.encode_onto(output, spoken, sounds.tone(1.0)[np.newaxis], SAMPLE_RATE, "mono")
    facts = decode(tmp_path / "a.mkv", tmp_path / "samples", LIMITS, separate=True)

    assert (facts.track, facts.files) == (2, (None,))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "samples"]


def test_a_cover_picture_is_not_a_film(tmp_path):
    sound = sounds.sentence()
    facts, waveform = decoded(written(tmp_path / "a.mp3", sounds.with_cover(mp3_bytes(tmp_path, sound))))
    assert facts.codec == "mp3"
    assert sounds.similarity(sound, waveform) > 0.95


def test_the_sound_of_a_film_is_read(tmp_path):
    sound = sounds.babble(2.0)
    facts, waveform = decoded(sounds.video(tmp_path / "film.mp4", sound, seconds=2.0))
    assert facts.duration == pytest.approx(2.0, abs=0.15)
    assert sounds.similarity(sound, waveform) > 0.95


@pytest.mark.parametrize(
    "name",
    [
        "会议 (1).MP3",
        "no ending",
        "concat:a|b",
        "-i",
        "http:x",
        "a%d.png",
        "x" * 240,
        "a\udcff.wav",
        "a.m3u8",
    ],
)
def test_the_name_plays_no_part(tmp_path, name):
    samples = (sounds.tone(0.5) * 32767).astype(np.int16)
    facts, _ = decoded(written(tmp_path / name, sounds.wav_bytes(samples)))
    assert facts.container == "wav"


@pytest.mark.parametrize("container", ["mp4", "avi"])
def test_a_film_without_sound_says_so(tmp_path, container):
    with pytest.raises(NoAudioStream):
        decoded(sounds.video(tmp_path / "film", None, container=container))


def test_text_renamed_to_mp3_is_not_audio_and_the_error_says_why(tmp_path):
    with pytest.raises(NotAudio, match="its content is in no known format"):
        decoded(written(tmp_path / "a.mp3", b"Dear diary, today I was renamed.\n" * 100))


def test_half_an_m4a_is_not_audio_and_the_error_says_why(tmp_path):
    whole = sounds.encode(tmp_path / "a.m4a", sounds.tone(2.0), codec="aac", container="ipod").read_bytes()
    with pytest.raises(NotAudio, match="its index is missing"):
        decoded(written(tmp_path / "half.m4a", whole[: len(whole) // 2]))


def test_random_bytes_are_an_audio_error_at_worst(tmp_path):
    generator = np.random.default_rng(7)
    for number in range(20):
        source = written(tmp_path / f"{number}", generator.bytes(20_000))
        with pytest.raises((NotAudio, NoAudioStream, AudioDamaged, AudioTooShort)):
            decoded(source)


def test_an_empty_file_is_named(tmp_path):
    with pytest.raises(EmptyFile, match=r"a\.wav"):
        decoded(written(tmp_path / "a.wav", b""))


@pytest.mark.parametrize("milliseconds", [0, 10, 99])
def test_less_than_a_tenth_of_a_second_is_too_short(tmp_path, milliseconds):
    samples = np.ones(milliseconds * 16, dtype=np.int16)
    with pytest.raises(AudioTooShort, match=f"lasts {milliseconds} ms"):
        decoded(written(tmp_path / "a.wav", sounds.wav_bytes(samples)))


def test_a_recording_over_the_limit_is_stopped_as_soon_as_it_is_exceeded(tmp_path):
    source = written(tmp_path / "a.wav", sounds.wav_bytes((sounds.tone(60.0) * 32767).astype(np.int16)))
    with pytest.raises(AudioTooLong):
        decoded(source, DecodeLimits(max_seconds=5, cpu_seconds=60, memory_mb=512))
    assert (tmp_path / "decoded.s16").stat().st_size <= 5 * SAMPLE_RATE * 2


@pytest.mark.parametrize("ending", ["m3u8", "ffconcat", "mp3", ""])
@pytest.mark.parametrize("address", ["{file}", "file:{file}", "secret.wav", "http://127.0.0.1:9/a.wav"])
@pytest.mark.parametrize("kind", ["hls", "concat", "sdp", "dash"])
def test_a_playlist_opens_no_other_file(tmp_path, monkeypatch, kind, address, ending):
    monkeypatch.chdir(tmp_path)  # where FFmpeg would look for a bare name
    secret = written(tmp_path / "secret.wav", sounds.wav_bytes((sounds.tone(2.0) * 32767).astype(np.int16)))
    address = address.format(file=secret)
    playlist = {
        "hls": f"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{address}'\n",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns={address}\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
        f'<AdaptationSet mimeType="audio/wav"><Representation id="1" bandwidth="1"><BaseURL>{address}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
    }[kind]
    with pytest.raises(NotAudio):
        decoded(written(tmp_path / f"list.{ending}", playlist.encode()))


def test_a_picture_is_called_what_it_is_not(tmp_path):
    with pytest.raises(NotAudio, match="not a recording"):
        decoded(written(tmp_path / "a.mp3", sounds._png()))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_named(tmp_path):
    source = written(tmp_path / "a.wav", sounds.wav_bytes((sounds.tone(60.0) * 32767).astype(np.int16)))
    target = tmp_path / "a.s16"
    target.symlink_to("/dev/full")
    with pytest.raises(DiskFull) as caught:
        decode(source, target, LIMITS)
    assert caught.value.params["folder"] == str(tmp_path)


def test_decoding_leaves_a_reserve_of_free_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(free_space, "FREE_BYTES_KEPT", 2**62)
    monkeypatch.setattr(free_space, "SHARE_KEPT", 1)
    with pytest.raises(DiskFull):
        decoded(written(tmp_path / "a.wav", sounds.wav_bytes((sounds.tone(1.0) * 32767).astype(np.int16))))


def test_digital_silence_takes_no_space(tmp_path):
    """A few kilobytes of silence in a lossless file are gigabytes of samples."""
    sound = np.concatenate([sounds.tone(1.0), sounds.silence(300.0), sounds.tone(1.0), sounds.silence(60.0)])
    sounds.encode(tmp_path / "a.flac", sound, codec="flac", container="flac")
    facts, waveform = decoded(tmp_path / "a.flac")

    assert (facts.duration, len(waveform)) == (362.0, 362 * SAMPLE_RATE)
    np.testing.assert_allclose(waveform, sound, atol=1e-4)
    assert (tmp_path / "decoded.s16").stat().st_blocks * 512 < 200_000


def test_a_waveform_is_read_between_two_times(tmp_path):
    pcm = tmp_path / "a.s16"
    np.arange(16_000, dtype="<i2").tofile(pcm)

    waveform = read_waveform(pcm, 0.25, 0.5)

    np.testing.assert_array_equal(waveform * 32768, np.arange(4000, 8000))
    assert len(read_waveform(pcm, 0.9, 2.0)) == 1600
    assert len(read_waveform(pcm, 5.0, 6.0)) == 0


@pytest.mark.shared
def test_every_codec_of_one_recording_sounds_the_same(shared_dir, tmp_path):
    folder = shared_dir / "audio" / "codecs"
    for language in ("en", "zh"):
        _, reference = decoded_into(tmp_path, folder / f"{language}-wav16k.wav")
        for path in sorted(folder.glob(f"{language}-*")):
            if "two-channel" in path.name:
                continue
            facts, waveform = decoded_into(tmp_path, path)
            assert facts.duration == pytest.approx(len(reference) / SAMPLE_RATE, abs=0.15), path.name
            assert sounds.similarity(reference, waveform) > 0.85, path.name  # 24 kbit/s and 8 kHz cost something
            assert facts.warnings == (), path.name


@pytest.mark.shared
def test_short_noisy_and_wordless_recordings_are_read(shared_dir, tmp_path):
    sources = [path for name in ("short", "noisy", "nonspeech") for path in (shared_dir / "audio" / name).iterdir()]
    for source in sources:
        facts, waveform = decoded_into(tmp_path, source)
        assert len(waveform) == round(facts.duration * SAMPLE_RATE), source.name
        assert facts.warnings == (), source.name


def decoded_into(folder: Path, source: Path) -> tuple[AudioFacts, np.ndarray]:
    target = folder / "decoded.s16"
    facts = decode(source, target, LIMITS)
    return facts, read_waveform(target, 0, facts.duration)
