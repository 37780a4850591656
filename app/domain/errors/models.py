"""Models and model hubs."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class ModelError(AppError):
    advice = N_("Choose another model folder, or copy this one again from its source.")


class ModelFileMissing(ModelError):
    code = "model_file_missing"
    message = N_("The model folder {folder} has no {file}.")


class ModelFileUnreadable(ModelError):
    code = "model_file_unreadable"
    message = N_("The model file {file} cannot be read: {reason}")


class ModelConfigUnsupported(ModelError):
    code = "model_config_unsupported"
    message = N_("The model file {file} asks for something this program does not know: {reason}")


class ModelWeightsMismatch(ModelError):
    code = "model_weights_mismatch"
    message = N_("The weights in {file} do not fit its configuration: {reason}")


class NotAModel(ModelError):
    code = "not_a_model"
    status = 422
    message = N_("The folder {folder} holds no model that this program can read.")
    advice = N_("A model folder holds train.yaml (WeNet) or config.yaml (FunASR) beside its weights.")


class ModelUnknown(ModelError):
    code = "model_unknown"
    status = 404
    message = N_("There is no model '{name}' here.")
    advice = N_("Choose one of: {known}.")


class ModelAbsent(ModelError):
    code = "model_absent"
    status = 409
    message = N_("The model {name} is not on this machine.")
    advice = N_("Download it first, or copy its folder to {folder} by hand.")


class ModelInUse(ModelError):
    code = "model_in_use"
    status = 409
    message = N_("The model {name} is being used and was not removed.")
    advice = N_("Use another model first.")


class ModelFixed(ModelError):
    code = "model_fixed"
    status = 409
    message = N_("The model is fixed to {folder} by --model or FUNASR_MODEL.")
    advice = N_("Start the server without it to choose the model here.")


class ModelBuiltIn(ModelError):
    code = "model_built_in"
    status = 409
    message = N_("The built-in model cannot be removed or downloaded.")
    advice = N_("It came with the program; it always works without a network.")


class ModelBusy(ModelError):
    code = "model_busy"
    status = 409
    message = N_("The model {name} is being downloaded or changed right now.")
    advice = N_("Wait until that has finished, or cancel it.")


class ModelDoesNotLoad(ModelError):
    code = "model_does_not_load"
    status = 422
    message = N_("The model {name} does not load: {reason}")
    advice = N_("The model that was used before stays. Verify this one, or choose another.")


class ModelNotForRecognition(ModelError):
    code = "model_not_for_recognition"
    status = 409
    message = N_("The model {name} helps another one and cannot recognise speech by itself.")
    advice = N_("Choose a model for recognition.")


class ModelDamaged(ModelError):
    code = "model_damaged"
    status = 422
    message = N_("Files of the model {name} are changed or missing: {files}")
    advice = N_("Remove the model and download it again, or copy it again from its source.")


class ModelFolderMissing(ModelError):
    code = "model_folder_missing"
    message = N_("There is no model folder {folder}; nothing is downloaded without being asked.")
    advice = N_("Download the model first ('python -m app models pull NAME'), or name the folder that has it.")


class ModelNeedsPackage(ModelError):
    code = "model_needs_package"
    status = 503
    message = N_("The model in {folder} needs the package {package}, which is not installed.")
    advice = N_(
        "Install it on the page of models, or: python -m app models install NAME; in an installed package, pip install 'funasr-webui[{extra}]'."
    )


class ExtraNotInstalled(ModelError):
    code = "extra_not_installed"
    status = 502
    message = N_("What the model needs beside its files ({packages}) was not installed: {reason}")
    advice = N_("Install it by hand, then choose the model: {command}")


class ModelTooLarge(ModelError):
    code = "model_too_large"
    status = 507
    message = N_("The memory does not suffice to load the model in {folder} ({detail}).")
    advice = N_(
        "Close other programs, choose a smaller model, or let it compute in int8 (Settings, Precision); then choose it again."
    )


class NoRoomForModel(ModelError):
    code = "no_room_for_model"
    status = 507
    message = N_("The model needs {needed_mb} MB, but {folder} has only {free_mb} MB left.")
    advice = N_("Free some space there, or choose another place with FUNASR_MODELS_DIR.")


class HubClientMissing(ModelError):
    code = "hub_client_missing"
    status = 503
    message = N_("The package {package} is not installed; without it nothing can be downloaded from {hub}.")
    advice = N_("Install it: {command}")


class HubUnreachable(ModelError):
    code = "hub_unreachable"
    status = 502
    message = N_("{hub} cannot be reached: {reason}")
    advice = N_(
        "Check the connection and the proxy, or download the model on another computer and copy its folder to {folder}."
    )


class HubRefused(ModelError):
    code = "hub_refused"
    status = 502
    message = N_("{hub} does not give out {id}: {reason}")
    advice = N_("Check the name on its page. Some models ask for an account and a token first.")


class HubAnswerWrong(ModelError):
    code = "hub_answer_wrong"
    status = 502
    message = N_("{hub} answered with something that is no model: {reason}")
    advice = N_("Choose another hub or another model; nothing was kept.")


class TransferBroken(ModelError):
    code = "transfer_broken"
    status = 502
    message = N_("The file {file} did not arrive whole: {reason}")
    advice = N_("Try again: what has arrived is kept and the download goes on there.")


class ChecksumMismatch(ModelError):
    code = "checksum_mismatch"
    status = 502
    message = N_("The file {file} from {hub} is not the published one: its SHA-256 differs.")
    advice = N_("Do not trust this source; nothing of it was kept. Which index pip asks is told by: pip config list")


class ArchiveRefused(ModelError):
    code = "archive_refused"
    status = 502
    message = N_("The archive was not unpacked, its member {member} is not allowed: {reason}")
    advice = N_("Do not trust this source; nothing of it was kept.")
