"""Devices, the inference process, and the cluster of FUNASR_CLUSTER."""

from __future__ import annotations

from app.domain.errors.base import N_, AppError


class InferenceError(AppError):
    advice = N_("Try again. If it happens again, look at the log of this transcription.")


class DeviceUnavailable(InferenceError):
    code = "device_unavailable"
    message = N_("The device '{device}' cannot be used: {reason}")
    advice = N_("Choose 'auto' or 'cpu', or repair the driver and start again.")


class DevicesUnseen(InferenceError):
    code = "devices_unseen"
    status = 503
    message = N_("The devices of this machine could not be looked at: {reason}")
    advice = N_("`python -m app doctor` tells more. What is loaded already goes on.")


class OutOfMemory(InferenceError):
    code = "out_of_memory"
    message = N_("The memory of the device was not enough for this piece ({detail}).")
    advice = N_("Close other programs, choose a smaller model, or choose the CPU; then retry.")


class InferenceFailed(InferenceError):
    code = "inference_failed"
    message = N_("The recognition of a piece failed: {detail}")


class InferenceCrashed(InferenceError):
    code = "inference_crashed"
    message = N_("The recognition process ended unexpectedly ({detail}) and was started again.")


class InferenceHung(InferenceError):
    code = "inference_hung"
    message = N_("The recognition process gave no answer for {seconds} s and was started again.")


class InferenceUnavailable(InferenceError):
    code = "inference_unavailable"
    status = 503
    message = N_("The recognition process cannot start: {reason}")
    advice = N_("The reason is in logs/app.log; 'python -m app doctor' checks the installation.")


class EngineCallsFull(InferenceError):
    code = "engine_calls_full"
    status = 503
    message = N_("Too many requests wait for the recognition process already.")
    advice = N_("Try again in a minute.")


class SegmentsFailed(InferenceError):
    code = "segments_failed"
    message = N_("{failed} of {total} pieces could not be recognised. First reason: {reason}")
    advice = N_("What was recognised is kept. Retry does only the missing pieces.")


class ClusterError(AppError):
    status = 503


class ClusterUnreachable(ClusterError):
    code = "cluster_unreachable"
    message = N_("The cluster {address} cannot be reached: {reason}")
    advice = N_("Check FUNASR_CLUSTER and `ray status` on the head node. Jobs wait until the cluster is there.")


class ClusterRefused(ClusterUnreachable):
    code = "cluster_refused"
    message = N_("The cluster {address} refuses this server: {reason}")
    advice = N_("Give the server the cluster's token: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN. Jobs wait until then.")


class NoRoom(ClusterError):
    code = "cluster_full"
    message = N_("Waiting for a place in the cluster: {wanted} {resource} wanted, {free} free of {total}.")
    advice = N_("Recognition goes on by itself as soon as something else ends or another node joins.")


class NodesTooSmall(ClusterError):
    code = "cluster_too_small"
    message = N_("Waiting for a larger node: an actor wants {wanted} {resource}, the largest node has {largest}.")
    advice = N_("Add such a node, or let an actor take less: FUNASR_CLUSTER_CPUS, FUNASR_CLUSTER_GPUS.")


class NodeDiffers(ClusterError):
    code = "node_differs"
    message = N_("The installation of the node differs from the server's: {differences}.")
    advice = N_("Install the same version of the program and the same model on every node, then start the node again.")
