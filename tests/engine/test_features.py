"""Features against Kaldi's numbers, against torchaudio's port of Kaldi, and against Whisper's formula."""

import numpy as np
import pytest
import torch
from torchaudio.compliance import kaldi
from torchaudio.functional import melscale_fbanks

from app.engine.features.features import KaldiFbank, WhisperLogMel, front_end, num_frames, pad_waveforms


def waveform(samples: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    tone = 0.3 * np.sin(np.arange(samples) * 0.05) + 0.2  # with direct current, which must not matter
    return (tone + 0.05 * generator.standard_normal(samples)).astype(np.float32)


def features_of(*waveforms):
    return KaldiFbank()(*pad_waveforms(waveforms))


@pytest.mark.shared
def test_features_equal_kaldis(shared_dir):
    golden = np.load(shared_dir / "parity" / "kaldi_fbank.npz")
    features, lengths = features_of((golden["samples_int16"] / 32768).astype(np.float32))
    assert lengths.tolist() == [len(golden["fbank_povey"])]
    assert np.abs(features[0].numpy() - golden["fbank_povey"]).mean() <= 1e-4


@pytest.mark.parametrize("samples", [400, 559, 560, 16_000, 33_333])
def test_features_equal_torchaudios(samples):
    wave = waveform(samples)
    expected = kaldi.fbank(
        torch.from_numpy(wave)[None] * 32768,
        num_mel_bins=80,
        dither=0.0,
        energy_floor=0.0,
        sample_frequency=16_000,
    )
    features, _ = features_of(wave)
    torch.testing.assert_close(features[0], expected, atol=2e-3, rtol=0)


def test_digital_silence_has_finite_features():
    features, _ = features_of(np.zeros(16_000, np.float32))
    assert features.isfinite().all()


def test_a_padded_batch_equals_one_by_one():
    waves = [waveform(samples, seed) for seed, samples in enumerate((20_000, 8_123, 400))]
    batch, lengths = features_of(*waves)
    assert lengths.tolist() == num_frames(torch.tensor([len(wave) for wave in waves])).tolist()
    for row, length, wave in zip(batch, lengths, waves, strict=True):
        torch.testing.assert_close(row[:length], features_of(wave)[0][0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("samples", [0, 1, 399])
def test_less_than_a_frame_gives_no_frames(samples):
    features, lengths = features_of(waveform(samples))
    assert features.shape == (1, 0, 80)
    assert lengths.tolist() == [0]


# Whisper's


def whisper_features_of(*waveforms):
    return WhisperLogMel()(*pad_waveforms(waveforms))


def whispers_formula(wave, mels=80):
    """openai/whisper, audio.py: log_mel_spectrogram, with torchaudio's copy of librosa's filters."""
    spectrum = torch.stft(torch.from_numpy(wave), 400, 160, window=torch.hann_window(400), return_complex=True)
    filters = melscale_fbanks(201, 0.0, 8000.0, mels, 16_000, norm="slaney", mel_scale="slaney")
    log = ((spectrum[:, :-1].abs() ** 2).T @ filters).clamp(min=1e-10).log10()
    return (torch.maximum(log, log.max() - 8.0) + 4.0) / 4.0


@pytest.mark.parametrize("mels", [80, 128])
@pytest.mark.parametrize("samples", [201, 400, 559, 16_000, 33_333])
def test_whispers_features_equal_its_formula(samples, mels):
    wave = waveform(samples)
    features, lengths = front_end("log_mel_spectrogram", mels)(*pad_waveforms([wave]))
    assert lengths.tolist() == [samples // 160]
    torch.testing.assert_close(features[0], whispers_formula(wave, mels), atol=1e-4, rtol=0)


def test_a_padded_batch_of_whispers_features_equals_one_by_one():
    loud, soft = waveform(20_000, 0), waveform(8_123, 1) * 1e-5  # the loudest of one must not raise the other
    batch, lengths = whisper_features_of(loud, soft, waveform(400, 2))
    assert lengths.tolist() == [125, 50, 2]
    for row, length, wave in zip(batch, lengths, (loud, soft, waveform(400, 2)), strict=True):
        torch.testing.assert_close(row[:length], whisper_features_of(wave)[0][0], atol=1e-5, rtol=0)
        assert not row[length:].any()


def test_digital_silence_has_finite_whisper_features():
    features, _ = whisper_features_of(np.zeros(16_000, np.float32))
    assert features.isfinite().all()


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 0), (159, 0), (160, 1), (200, 1)])
def test_whispers_frames_are_counted_by_their_beginnings(samples, frames):
    features, lengths = whisper_features_of(waveform(samples))
    assert features.shape == (1, frames, 80)
    assert lengths.tolist() == [frames]
    assert features.isfinite().all()
