"""Model folders that load, and those refused with file and reason."""

import pytest
import torch
import yaml

from app.domain.errors.models import (
    ModelConfigUnsupported,
    ModelFileMissing,
    ModelFileUnreadable,
    ModelFolderMissing,
    ModelWeightsMismatch,
)
from app.engine.native.checkpoint import load_checkpoint
from tests.engine.tiny_model import build_tiny_model


@pytest.fixture
def folder(tmp_path):
    return build_tiny_model(tmp_path / "tiny")


def change_weights(folder, change):
    state = torch.load(folder / "final.pt", weights_only=True)
    change(state)
    torch.save(state, folder / "final.pt")


def change_config(folder, change):
    config = yaml.safe_load((folder / "train.yaml").read_text(encoding="utf-8"))
    change(config)
    (folder / "train.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def parameters(folder):
    return dict(load_checkpoint(folder).model.named_parameters())


def test_weights_come_back_as_they_were_saved(folder):
    saved = torch.load(folder / "final.pt", weights_only=True)
    loaded = load_checkpoint(folder).model
    assert not loaded.training
    assert all(torch.equal(saved[name], value) for name, value in loaded.state_dict().items())


def test_half_precision_on_disk_becomes_single_precision(folder):
    change_weights(folder, lambda state: state.update({name: value.half() for name, value in state.items()}))
    assert {value.dtype for value in parameters(folder).values()} == {torch.float32}


def test_position_tables_and_unused_layers_of_wenet_are_passed_over(folder):
    extra = {
        "encoder.embed.pos_enc.pe": torch.zeros(1, 5000, 16),
        "encoder.encoders.0.concat_linear.weight": torch.zeros(16, 32),
        "decoder.left_decoder.decoders.0.concat_linear1.bias": torch.zeros(16),
    }
    change_weights(folder, lambda state: state.update(extra))
    assert not extra.keys() & load_checkpoint(folder).model.state_dict().keys()


def test_the_older_dialect_has_its_last_unit_for_both_ends(folder):
    def to_first_dialect(config):
        for key in ("tokenizer", "tokenizer_conf", "ctc_conf", "cmvn"):
            del config[key]
        config.update(cmvn_file="exp/global_cmvn", is_json_cmvn=True)

    change_config(folder, to_first_dialect)
    config = load_checkpoint(folder).config
    assert config.sos_id == config.eos_id == config.vocabulary_size - 1
    assert config.cmvn


@pytest.mark.parametrize("file", ["train.yaml", "final.pt"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(ModelFileMissing, match=file):
        load_checkpoint(folder)


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ModelFolderMissing, match="nowhere"):
        load_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_damaged_weights_are_refused(folder, content):
    (folder / "final.pt").write_bytes(content)
    with pytest.raises(ModelFileUnreadable, match=r"final\.pt"):
        load_checkpoint(folder)


def test_truncated_weights_are_refused(folder):
    weights = folder / "final.pt"
    weights.write_bytes(weights.read_bytes()[:-2000])
    with pytest.raises(ModelFileUnreadable, match=r"final\.pt cannot be read: it is incomplete"):
        load_checkpoint(folder)


class Malicious:
    def __reduce__(self):
        return exec, ("raise SystemExit('code of a stranger ran')",)


def test_weights_that_carry_code_are_refused_without_running_it(folder):
    torch.save({"encoder": Malicious()}, folder / "final.pt")
    with pytest.raises(ModelFileUnreadable, match=r"final\.pt"):
        load_checkpoint(folder)


def test_weights_that_are_no_table_of_tensors_are_refused(folder):
    torch.save({"model": {"weight": torch.zeros(1)}}, folder / "final.pt")
    with pytest.raises(ModelFileUnreadable, match="table of tensors"):
        load_checkpoint(folder)


@pytest.mark.parametrize("content", ["a: [1", "- a\n- b\n", "\x00"])
def test_a_damaged_configuration_is_refused(folder, content):
    (folder / "train.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ModelFileUnreadable, match=r"train\.yaml"):
        load_checkpoint(folder)


def test_a_wrong_shape_is_refused_with_the_tensor_and_both_shapes(folder):
    change_weights(folder, lambda state: state.update({"ctc.ctc_lo.bias": torch.zeros(9)}))
    with pytest.raises(ModelWeightsMismatch, match=r"ctc\.ctc_lo\.bias has the shape 9, the configuration says 17"):
        load_checkpoint(folder)


def test_a_missing_layer_is_refused_by_name(folder):
    change_weights(folder, lambda state: state.pop("encoder.encoders.1.norm_ff.bias"))
    with pytest.raises(ModelWeightsMismatch, match=r"encoder\.encoders\.1\.norm_ff\.bias is missing"):
        load_checkpoint(folder)


def test_an_unknown_layer_is_refused_by_name(folder):
    change_weights(folder, lambda state: state.update({"joint.weight": torch.zeros(2)}))
    with pytest.raises(ModelWeightsMismatch, match=r"joint\.weight is unknown"):
        load_checkpoint(folder)


def test_weights_that_are_not_numbers_are_refused(folder):
    change_weights(folder, lambda state: state["ctc.ctc_lo.bias"].fill_(float("nan")))
    with pytest.raises(ModelWeightsMismatch, match=r"ctc\.ctc_lo\.bias has values that are not numbers"):
        load_checkpoint(folder)


def test_many_misfits_are_counted(folder):
    change_config(folder, lambda config: config["encoder_conf"].update(output_size=32))
    with pytest.raises(ModelWeightsMismatch, match=r"and \d+ more"):
        load_checkpoint(folder)


def test_a_layer_that_is_not_known_is_refused_with_the_file(folder):
    change_config(folder, lambda config: config["encoder_conf"].update(input_layer="conv9d"))
    with pytest.raises(ModelConfigUnsupported, match=r"train\.yaml.*conv9d"):
        load_checkpoint(folder)


def test_a_value_that_torch_refuses_is_refused_with_the_file(folder):
    change_config(folder, lambda config: config["encoder_conf"].update(dropout_rate=2.0))
    with pytest.raises(ModelConfigUnsupported, match=r"train\.yaml.*dropout"):
        load_checkpoint(folder)


@pytest.mark.parametrize("fbank", [{"num_mel_bins": 40}, {"frame_shift": 20}])
def test_features_that_are_not_computed_here_are_refused(folder, fbank):
    change_config(folder, lambda config: config.update(dataset_conf={"fbank_conf": fbank}))
    with pytest.raises(ModelConfigUnsupported, match="fbank_conf"):
        load_checkpoint(folder)


def test_a_model_for_telephone_sound_is_refused(folder):
    dataset = {"resample_conf": {"resample_rate": 8000}}
    change_config(folder, lambda config: config.update(dataset_conf=dataset))
    with pytest.raises(ModelConfigUnsupported, match="resample_rate is 8000"):
        load_checkpoint(folder)


@pytest.mark.parametrize("conf", [{"n_fft": 512}, {"num_mel_bins": 128}, {"pad_or_trim": True}])
def test_features_like_whispers_that_are_not_computed_here_are_refused(folder, conf):
    dataset = {"feats_type": "log_mel_spectrogram", "log_mel_spectrogram_conf": conf}
    change_config(folder, lambda config: config.update(dataset_conf=dataset))
    with pytest.raises(ModelConfigUnsupported, match="log_mel_spectrogram_conf"):
        load_checkpoint(folder)


def test_the_features_are_those_that_the_model_names(folder):
    assert load_checkpoint(folder).config.features == "fbank"
    dataset = {"feats_type": "log_mel_spectrogram", "log_mel_spectrogram_conf": {"n_fft": 400, "padding": 0}}
    change_config(folder, lambda config: config.update(dataset_conf=dataset))
    assert load_checkpoint(folder).config.features == "log_mel_spectrogram"


def test_a_model_may_bring_its_own_least_confidence(folder):
    change_config(folder, lambda config: config.update(recognition={"minimum_confidence": 0.45}))
    assert load_checkpoint(folder).minimum_confidence == 0.45
    change_config(folder, lambda config: config.update(recognition={"minimum_confidence": "high"}))
    with pytest.raises(ModelConfigUnsupported, match="minimum_confidence"):
        load_checkpoint(folder)
