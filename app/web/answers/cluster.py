"""Converts what is known of the cluster to an answer of the REST API."""

from __future__ import annotations

from app.i18n import Translate
from app.services.cluster.view import ActorView, ClusterView, NodeView, view_of
from app.web.answers.transcriptions import problem_answer
from app.web.schemas.cluster import ClusterActor, ClusterAnswer, ClusterNode
from app.web.services import Services


def cluster_answer(services: Services, translate: Translate) -> ClusterAnswer:
    if services.cluster is None:
        return ClusterAnswer(
            address="",
            problem=None,
            nodes=[],
            actors=[],
            waiting=0,
            speech_hours_per_hour=0.0,
            cost_per_speech_hour=None,
        )
    view = view_of(services.cluster)
    return ClusterAnswer(
        address=view.address,
        problem=problem_answer(view.problem, translate),
        nodes=[_node(node) for node in view.nodes],
        actors=[_actor(actor) for actor in view.actors],
        waiting=view.waiting,
        speech_hours_per_hour=view.speech_hours_per_hour,
        cost_per_speech_hour=_cost(view, services.settings.cluster_actor_hour_cost),
    )


def _cost(view: ClusterView, actor_hour: float) -> float | None:
    return round(actor_hour * view.computing_share, 6) if actor_hour and view.computing_share is not None else None


def _node(node: NodeView) -> ClusterNode:
    return ClusterNode.model_validate(node, from_attributes=True)


def _actor(actor: ActorView) -> ClusterActor:
    return ClusterActor(
        name=actor.name,
        node=actor.node,
        state=actor.state,
        seconds=actor.seconds,
        model=actor.model,
        device=actor.device,
        segments=actor.segments,
        memory_bytes=actor.rss_bytes,
    )
