"""Carrying: what the legs that stand give so that a figure's weight rests on them."""

import math
from typing import TYPE_CHECKING

import mujoco
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.footsteps import Foot
from engine.engines.scene.physics.rig import along

if TYPE_CHECKING:
    from engine.engines.scene.physics.figures import FigureDrive

Array = NDArray[np.float64]
DAMPED = 1e-3  # of the equations for how feet share the weight


class Carrying:
    """The part of the legs in what the servos of one figure are told."""

    def __init__(self, figure: "FigureDrive") -> None:
        self._figure = figure
        self._jacobian, self._point = np.zeros((3, figure.model.nv)), np.zeros(3)

    def add_to(self, data: mujoco.MjData, torque: Array) -> None:
        """Add the N·m of the joints with which the planted legs carry the weight."""
        figure, rig = self._figure, self._figure.rig
        planted = [foot for foot in figure.stepper.feet if foot.is_planted]
        base, around = figure.ground(data)
        for foot, share in zip(planted, self._shares(planted), strict=True):
            leg = foot.leg
            rolled = figure.stepper.is_walking or foot.pitch < -0.05
            late = 0.8 if figure.leap else max(0.0, foot.stance - 0.3) / 0.7
            forward = leg.ball * (late if rolled else 0.35)
            c, s = math.cos(foot.now_yaw), math.sin(foot.now_yaw)
            x, y, z = along(around, (forward * c, forward * s, 0.0))
            if len(leg.joints) == 6:
                low = leg.sole
                ankle = data.xanchor[leg.last_joint].tolist()
                x += ankle[0] - low * around[2]
                y += ankle[1] - low * around[5]
                z += ankle[2] - low * around[8]
            elif figure.stepper.is_walking:  # on the move the paw shall get to its place
                to_x, to_y, to_z = along(around, foot.at.tolist())
                x, y, z = x + base[0] + to_x, y + base[1] + to_y, z + base[2] + to_z
            else:
                paw = data.geom_xpos[leg.sole_geom].tolist()
                x, y, z = x + paw[0], y + paw[1], z + paw[2]
            self._point[:] = x, y, z
            mujoco.mj_jac(figure.model, data, self._jacobian, None, self._point, leg.lower_body)
            up = figure.weight * share * rig.mass * max(0.0, figure.gravity + figure.lift)
            way = self._jacobian[2, leg.dofs]
            if figure.stepper.is_walking and figure.gait.duty < 0.5 and len(leg.joints) == 6:
                # One leg at a time pushes through the middle of the body, or the trunk would pitch.
                arm = data.subtree_com[rig.root] - self._point
                aim = arm[:2] / max(arm[2], 0.5 * figure.size)
                way = way + aim @ self._jacobian[:2, leg.dofs]
            torque[list(leg.joints)] -= up * way

    def _shares(self, planted: list[Foot]) -> list[float]:
        """How much of the weight each planted foot bears, so that the middle stays over them."""
        if len(planted) < 2:
            return [1.0] * len(planted)
        figure = self._figure
        x, y, _ = figure.place.tolist()
        side = figure.pose.get("side", 0.0) * figure.size
        x, y = x - side * math.sin(figure.heading), y + side * math.cos(figure.heading)
        spots = [
            ((fx - x) / figure.size, (fy - y) / figure.size)
            for fx, fy, _ in (foot.at.tolist() for foot in planted)
        ]
        # Least squares, slightly damped, of: the shares are 1 together, and no moment is left.
        n = len(planted) + DAMPED
        u, v = sum(a for a, _ in spots), sum(b for _, b in spots)
        uu, vv = DAMPED + sum(a * a for a, _ in spots), DAMPED + sum(b * b for _, b in spots)
        uv = sum(a * b for a, b in spots)
        p, q, r = uu * vv - uv * uv, v * uv - u * vv, u * uv - v * uu  # by Cramer's rule
        whole = n * p + u * q + v * r
        shares = [max((p + q * a + r * b) / whole, 0.02) for a, b in spots]
        total = sum(shares)
        return [share / total for share in shares]
