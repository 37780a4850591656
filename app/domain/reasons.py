"""Why something was done differently than requested, and warnings about a recording: codes with their wording.

Decisions use the code; the wording is for people and is chosen where it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from app.domain.errors.base import N_, UNKNOWN, Reason


def reason_from(stored: str | Mapping[str, Any] | None) -> Reason | None:
    """Read the output of `to_dict`, or the text of a version that stored no codes; None if empty."""
    if not stored:
        return None
    if isinstance(stored, str):
        return _reason_of_text(stored)
    known = KNOWN.get(stored.get("code", UNKNOWN))
    return known.of(**stored.get("params", {})) if known else Reason(UNKNOWN, str(stored.get("text", "")))


def plain_reason(text: str) -> Reason:
    """Return a library's message unchanged."""
    return Reason(UNKNOWN, text)


def _reason_of_text(text: str) -> Reason:
    head, _, figures = text.partition(": ")
    for known in KNOWN.values():
        names = [name for _, name, _, _ in Formatter().parse(known.message) if name]
        if known.message == text or (names and known.message.partition(": ")[0] == head):
            values = figures.split(", ") if len(names) > 1 else [figures]
            return known.of(**dict(zip(names, values, strict=False)))
    return plain_reason(text)


KNOWN: dict[str, Reason] = {}
"""All reasons by code."""


def _reason(code: str, message: str) -> Reason:
    KNOWN[code] = Reason(code, message)
    return KNOWN[code]


SILENT_CHANNEL = _reason("silent_channel", N_("No speech was found on channel: {channel}"))
NO_HOTWORDS = _reason("no_hotwords", N_("This model cannot prefer words."))
ONE_SEARCH = _reason("one_search", N_("This model has one way of decoding."))
NO_TIMES = _reason("no_times", N_("This model gives no times."))
SINGLE_PRECISION = _reason("single_precision", N_("This model computes in single precision."))
NO_CTC = _reason("no_ctc", N_("These weights lack the part that gives times; those on ModelScope have it."))
TIMES_LOST = _reason("times_lost", N_("The model wrote more than the sound can hold, so this text has no times."))
LLM_ONLY = _reason("llm_only", N_("Only the language model computes in half precision, the encoder in single."))
REPEATS_LEFT_OUT = _reason("repeats_left_out", N_("The model repeated itself without end; the repeats were left out."))
NO_WEIGHTS = _reason("no_weights", N_("This model takes hotwords without weights."))
PUNCTUATES = _reason("punctuates", N_("This model punctuates by itself."))
WRITES_ITSELF = _reason("writes_itself", N_("This model writes numbers by itself."))
GREEDY_HAS_NO_HOTWORDS = _reason("greedy_has_no_hotwords", N_("Fast reads every frame alone: it cannot prefer words."))
NO_DECODER = _reason("no_decoder", N_("This model has no attention decoder to read the found texts again."))
LANGUAGE_UNKNOWN = _reason("language_unknown", N_("This model does not know the language."))
TOO_MANY_HOTWORDS = _reason("too_many_hotwords", N_("This model remembers only so many hotwords."))
BROKEN_DEVICE = _reason("broken_device", N_("CTranslate2 cannot compute there: {detail}"))
NO_CUDA = _reason("no_cuda", N_("CTranslate2 finds no NVIDIA GPU with a working driver."))
NO_APPLE = _reason("no_apple", N_("Whisper runs on processors and NVIDIA GPUs only."))
NO_TYPE = _reason("no_type", N_("This device does not compute in this precision."))
NOT_NUMBERS = _reason("not_numbers", N_("Samples that were not numbers and were silenced: {count}"))
DAMAGED_PLACES = _reason("damaged_places", N_("Damaged places that were skipped: {count}"))
GAPS = _reason("gaps", N_("Gaps in the recording that were filled with silence; seconds: {seconds}"))
ENDS_EARLY = _reason(
    "ends_early",
    N_("The recording ends early; seconds found, of seconds promised by its header: {seconds}, {promised}"),
)
ENDS_AT_DAMAGE = _reason(
    "ends_at_damage", N_("The recording cannot be read beyond a damaged place; seconds found: {seconds}")
)
CUT_SHORT = _reason(
    "cut_short", N_("The file breaks off in the middle, so its end is missing; seconds found: {seconds}")
)
PIECES_JOINED = _reason(
    "pieces_joined",
    N_("The file holds several recordings one behind the other, which were read as one; recordings: {count}"),
)
BYTES_LEFT = _reason(
    "bytes_left", N_("The file goes on after the recording that was read, perhaps with more sound; bytes left: {count}")
)
CANCELLED_OUT = _reason(
    "cancelled_out",
    N_("The channels cancel each other out when mixed, so only the loudest was read; channel: {channel}"),
)
MORE_TRACKS = _reason(
    "more_tracks",
    N_("Only one of the sound tracks was read; recognise it again to choose another. Number of tracks: {count}"),
)
FIRST_TRACK_SILENT = _reason("first_track_silent", N_("the first sound track is silent, so the loudest was read"))
NO_SUCH_TRACK = _reason("no_such_track", N_("the recording has fewer sound tracks; it has: {count}"))
ONE_CHANNEL = _reason("one_channel", N_("the recording has one channel"))
SAME_CHANNELS = _reason("same_channels", N_("all channels hold the same sound"))
PIECES_DIFFER = _reason(
    "pieces_differ", N_("the recordings that were joined in the file have different numbers of channels")
)
MANY_CHANNELS = _reason("many_channels", N_("so many channels are not read apart: {count}"))
SMALLER_BATCHES = _reason("smaller_batches", N_("Memory ran out, so less was computed at once"))
CUT_IN_TWO = _reason("cut_in_two", N_("Memory ran out, so this piece was cut where it is quietest"))
WRONG_NUMBERS = _reason(
    "wrong_numbers", N_("This device computes wrong numbers with this model; frames that agree: {share}")
)
WRONG_PRECISION = _reason(
    "wrong_precision", N_("This precision gives other results with this model; frames that agree: {share}")
)
NOT_FASTER = _reason("not_faster", N_("Half precision is not faster on this processor; times as fast: {gain}"))
FASTER = _reason("faster", N_("Checked with this model; times as fast as float32: {gain}"))
FAST_ENOUGH = _reason("fast_enough", N_("A network of this size is fast enough in single precision."))
NO_HALF = _reason("no_half", N_("This processor has no arithmetic in this precision."))
SLOW_INT8 = _reason(
    "slow_int8",
    N_(
        "This processor has no instructions for weights of 8 bits, single precision is much faster; where memory is short, choose a smaller model or a Whisper model, whose 8 bits are quick on every processor. Times as slow: {times}"
    ),
)
INT8_ON_CPU = _reason("int8_on_cpu", N_("Weights of 8 bits are for processors; this device is as fast with 16."))
MPS_IN_SINGLE = _reason("mps_in_single", N_("On an Apple GPU single precision is the reliable one."))
NO_CUDA_BUILD = _reason("no_cuda_build", N_("This PyTorch was built without CUDA."))
NO_NVIDIA_GPU = _reason("no_nvidia_gpu", N_("No NVIDIA GPU with a working driver was found."))
NO_APPLE_GPU = _reason("no_apple_gpu", N_("There is no Apple GPU."))
DEVICE_REFUSED = _reason("device_refused", N_("The device refuses to compute: {detail}"))
VAD_UNAVAILABLE = _reason("vad_unavailable", N_("The detector cannot be loaded: {detail}"))
REPLACED = _reason("replaced", N_("Places that the rule changed: {count}"))
FILLERS_LEFT_OUT = _reason("fillers_left_out", N_("Fillers that were left out: {count}"))
RULE_TOO_SLOW = _reason("rule_too_slow", N_("The regular expression took too long and was left out."))
COUNTED = frozenset((REPLACED.code, FILLERS_LEFT_OUT.code))
"""Codes whose counts are summed up over the segments."""
UNKNOWN_CHARACTERS = _reason("unknown_characters", N_("The model cannot write these characters: {characters}"))
NO_SPEECH = _reason("no_speech", N_("No speech was found in the recording."))
NOT_UNDERSTOOD = _reason(
    "not_understood", N_("There is sound like speech in the recording, but none of it was understood.")
)
NO_SUCH_FIELD = _reason("no_such_field", N_("there is no such field; the fields are: {fields}"))
ODD_RATE = _reason("odd_rate", N_("its header claims an impossible sampling rate: {rate}"))
WEIGHT_OUT_OF_BOUNDS = _reason("weight_out_of_bounds", N_("the weight of a word is not from 1 to 100: {word}"))
AT_LEAST = _reason("at_least", N_("The least is: {value}"))
MORE_THAN = _reason("more_than", N_("It must be more than: {value}"))
AT_MOST = _reason("at_most", N_("The most is: {value}"))
ONE_OF = _reason("one_of", N_("Possible are: {values}"))
NO_FITTING_NUMBER = _reason("no_fitting_number", N_("This is not a number that fits."))

NOT_SAMPLED = _reason("not_sampled", N_("This program always takes the likeliest text."))
MODEL_ALIAS = _reason("model_alias", N_("This name stands for the model in use."))
NO_SUCH_MODEL = _reason("no_such_model", N_("No model of this name can be used here; the one in use took its place."))
TERMS_ONLY = _reason("terms_only", N_("Of a prompt only names and terms are used, as hotwords."))
LANGUAGES_NOT_BOUND = _reason(
    "languages_not_bound", N_("The model chooses among all of its languages; only a single one can be prescribed.")
)
LANGUAGE_GIVEN = _reason("language_given", N_("The field of the one language decides."))
BY_CHANNELS = _reason("by_channels", N_("Speakers are told apart by their channels, not by their voices."))
NO_SPEAKER_MODEL = _reason(
    "no_speaker_model", N_("The model that tells speakers apart is not here; the page Models brings it.")
)
NOT_ALL_HEARD = _reason("not_all_heard", N_("Not all of them were heard in the recording."))
SPEAKERS_FAILED = _reason("speakers_failed", N_("The speakers could not be told apart: {detail}"))
NO_VOICES = _reason("no_voices", N_("No voice was heard long enough to tell speakers apart."))
FORMAT_HAS_NONE = _reason("format_has_none", N_("This format of the answer has no place for it."))
NOT_OFFERED = _reason("not_offered", N_("This program does not offer it."))
ANSWER_WAITED_FOR = _reason("answer_waited_for", N_("What is not kept can only be answered at once."))

HOURS_USED = _reason(
    "hours_used", N_("{used} of {most} hours of sound in 24 hours are used; there is room again at {again}.")
)
NO_HOURS = _reason("no_hours", N_("No sound may be submitted."))
JOBS_AT_ONCE = _reason(
    "jobs_at_once", N_("{used} recordings wait or run, of {most} at once; there is room when one of them ends.")
)

ACCOUNT_DISABLED = _reason("account_disabled", N_("The account is disabled."))
NO_GROUP = _reason("no_group", N_("You are in no group that may use this server."))
PROVIDER_REFUSED = _reason("provider_refused", N_("The service that logs people in refused it."))
TOKEN_NOT_VALID = _reason("token_not_valid", N_("What the service answered is not valid."))

UNSURE = "unsure"  # why an engine suppresses a text: the model was not confident


def why_without_text(dropped: Iterable[str]) -> Reason:
    """Return the warning for a recording that ended without any text, given why each segment has none."""
    return NOT_UNDERSTOOD if UNSURE in dropped else NO_SPEECH
