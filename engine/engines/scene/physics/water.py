"""Water: what it does to bodies (buoyancy, drag, added mass), and what they do to it."""
# ruff: noqa: ANN001, ANN202, C901, PLR0912, PLR0913, PLR0915, PLR0917
# mypy: disable-error-code="no-untyped-def,no-untyped-call,untyped-decorator"
# Kernels: numba infers the types, and an inner loop reads best, and runs fastest, in one place.

import math
from dataclasses import replace

import mujoco
import numba
import numpy as np
from numpy.typing import NDArray

from engine.engines.scene.physics.blocks import Blocks
from engine.engines.scene.physics.model import body_ids
from engine.engines.scene.physics.motion import WATER_SPAN, Splash
from engine.engines.scene.physics.surface import (
    CELL,
    FIELD_SECONDS,
    WATER_CELLS,
    WATER_DENSITY,
    Surface,
    feel,
    footprint,
)
from engine.engines.scene.scene.waves import wave_grid, wave_motion
from engine.engines.scene.scene.world import World

HEAVE_DAMPING = 0.9  # 1/s of the mass displaced
WAVE_DAMPING = 4.0  # 1/s of the mass that heaves along: the waves that a bobbing body sends out
SWAY_DAMPING = 0.3
TURN_DAMPING, TURN_DRAG = 1.0, 0.35
MIN_SPLASH_SPEED = 0.4  # m/s
SPLASH_PAUSE_SECONDS = 0.3
TOGETHER_SECONDS = 0.7  # in which the limbs of one body fall in

Array = NDArray[np.float64]


class Water:
    """The water of a world; step it between `mj_step1` and `mj_step2`."""

    def __init__(self, world: World, model: mujoco.MjModel, blocks: Blocks) -> None:
        self._world, self._model, self._blocks = world, model, blocks
        self._gravity = world.place.gravity
        self._ids = body_ids(world, model)
        self._surface = Surface()
        self._field_seconds = 0.0
        self._is_first = True
        k = len(blocks.body)
        self._wet = np.zeros((k, 5))  # of each block: volume, place, calm volume, depth under water
        self._push = np.zeros((model.nbody, 8))
        self._pressed, self._presses = np.zeros((model.nbody, 3)), 0  # since the surface moved
        self._carried = np.zeros((model.nbody, 7))
        self._carried[:, 6] = -1.0
        self._hold = _holds(model)
        self._dipped = np.zeros(model.nbody, dtype=np.bool_)  # whether a body is in the water
        self._volumes = np.bincount(blocks.body, blocks.volume, minlength=model.nbody)
        self._last_splash = np.full(model.nbody, -1.0)
        self._world_of = {int(number): i for i, number in enumerate(self._ids)}
        self.splashes: list[Splash] = []
        self._splash_of: dict[int, int] = {}  # root of a tree → its last one
        self.energy = 0.0  # J, of the water that bodies push under and carry along

    def step(self, data: mujoco.MjData) -> None:
        """Add the forces of the water to `xfrc_applied`, and move the water on."""
        model, blocks, place = self._model, self._blocks, self._world.place
        seconds = self._world.start_seconds + data.time
        self.energy = _press(
            blocks.body,
            blocks.at,
            blocks.turn,
            blocks.drag,
            blocks.area,
            blocks.added,
            blocks.volume,
            blocks.radius,
            blocks.cell_half,
            blocks.first,
            blocks.cells,
            blocks.cell_volume,
            data.xpos,
            data.xmat,
            data.xipos,
            data.cvel,
            data.subtree_com,
            model.body_rootid,
            model.body_mass,
            model.body_inertia,
            self._hold,
            model.dof_armature,
            self._surface.height,
            self._surface.rise,
            (seconds, place.waves, self._gravity, model.opt.timestep),
            self._wet,
            self._push,
            self._carried,
            data.xfrc_applied,
        )
        self._pressed += self._push[:, :3]
        self._presses += 1
        if self._is_first:
            self._surface.fill(self._wet, blocks)
            self._dipped = self._push[:, 6] > 0.0
            self._is_first = False
        if data.time >= self._field_seconds:
            self._field_seconds += FIELD_SECONDS
            self._note_splashes(data)
            self._push[:, :3] = self._pressed / self._presses
            self._surface.step(self._wet, self._push, blocks, self._gravity, place.depth)
            self._pressed[:], self._presses = 0.0, 0

    def heights(self, data: mujoco.MjData) -> NDArray[np.float32]:
        """The whole surface now: (n, n) m, [y, x]."""
        xs = (np.arange(WATER_CELLS, dtype=np.float64) + 0.5) * CELL - 0.5 * WATER_SPAN
        seconds = self._world.start_seconds + data.time
        ambient = wave_grid(xs, seconds, self._world.place.waves)
        return (ambient + self._surface.height).astype(np.float32)

    def _note_splashes(self, data: mujoco.MjData) -> None:
        was, self._dipped = self._dipped, self._push[:, 6] > 0.0
        for number in np.flatnonzero(self._dipped & ~was):
            if data.time - self._last_splash[number] < SPLASH_PAUSE_SECONDS:
                continue
            speed = -float(self._push[number, 5])
            if speed < MIN_SPLASH_SPEED or int(number) not in self._world_of:
                continue
            self._last_splash[number] = data.time
            mass = min(
                float(self._model.body_mass[number]), WATER_DENSITY * float(self._volumes[number])
            )
            x, y = (float(v) for v in data.xipos[number][:2])
            size = float((self._volumes[number] * 3.0 / (4.0 * math.pi)) ** (1.0 / 3.0))
            surface = float(self._push[number, 7])
            self._add(
                int(self._model.body_rootid[number]),
                Splash(
                    seconds=float(data.time),
                    body=self._world_of[int(number)],
                    position=(x, y, surface),
                    energy=0.5 * mass * speed * speed,
                    size=size,
                ),
            )

    def _add(self, root: int, splash: Splash) -> None:
        """Limbs of one body that fall in one after the other make one splash."""
        last = self._splash_of.get(root)
        if last is None or splash.seconds - self.splashes[last].seconds > TOGETHER_SECONDS:
            self._splash_of[root] = len(self.splashes)
            self.splashes.append(splash)
            return
        first = self.splashes[last]
        energy = first.energy + splash.energy
        share = splash.energy / energy
        x, y, z = (
            (1.0 - share) * a + share * b
            for a, b in zip(first.position, splash.position, strict=True)
        )
        self.splashes[last] = replace(
            first,
            position=(x, y, z),
            energy=energy,
            size=(first.size**3 + splash.size**3) ** (1.0 / 3.0),
        )


def _holds(model: mujoco.MjModel) -> NDArray[np.int64]:
    """(bodies, 3): where the freedoms of its tree's root begin, how many, whether it is alone.

    What hangs on the world has none.
    """
    bodies = np.arange(model.nbody)
    dofs = np.bincount(model.dof_bodyid, minlength=model.nbody)[model.body_rootid]
    is_free = np.array([_floats_freely(model, int(root)) for root in model.body_rootid])
    alone = np.bincount(model.body_rootid, minlength=model.nbody)[model.body_rootid] == 1
    first = np.where(is_free, model.body_dofadr[model.body_rootid], -1)
    return np.stack([first, dofs, alone & (bodies > 0)], axis=1).astype(np.int64)


def _floats_freely(model: mujoco.MjModel, root: int) -> bool:
    """Whether the root of a tree can move along all three axes."""
    joints = model.jnt_type[model.body_jntadr[root] :][: model.body_jntnum[root]]
    slides = int((joints == mujoco.mjtJoint.mjJNT_SLIDE).sum())
    return root > 0 and (slides == 3 or bool((joints == mujoco.mjtJoint.mjJNT_FREE).any()))


# ── what the water does to bodies ──────────────────────────────────────────────────────


@numba.njit(cache=True)
def _press(
    block_body, block_at, block_turn, block_drag, block_area, block_added, block_volume,
    block_radius, cell_half, first, cells, cell_volume, xpos, xmat, xipos, cvel, subtree_com, root,
    mass, inertia, hold, armature, field, rise, now, wet, push, carried, applied,
):  # fmt: skip
    """Add the forces of the water on every block to `applied`, and its inertia to `armature`.

    The water that moves along with a body is inertia, not a force: so it also bears what comes from
    elsewhere, a rider's weight and the blow of a landing.

    Answers the energy in J that is in the water that is pushed under.

    `push` gets for every body: what it also presses the water with (0-2), its velocity through the
    water (3-5), the volume under water (6) and the height of the surface (7). `carried` is the mass
    of water that moves along the world's axes (0-2), its moments of inertia about them (3-5), and
    the volume that carries it (6), from step to step; below 0 before the first.
    """
    seconds, waves, gravity, step = now
    push[:] = 0.0
    energy = 0.0
    bodies = mass.shape[0]
    lift = np.zeros((bodies, 3))
    slope = np.zeros((bodies, 3))  # what the slopes of the waves push with
    torque = np.zeros((bodies, 3))
    drag = np.zeros((bodies, 3))
    drag_torque = np.zeros((bodies, 3))
    before = carried.copy()
    carried[:] = 0.0
    grip = np.zeros(bodies)  # kg/s: how stiff the drag is
    turn_grip = np.zeros(bodies)
    for k in range(block_body.shape[0]):
        b = block_body[k]
        wet[k, 0] = 0.0
        m = xmat[b]
        at = block_at[k]
        px = xpos[b, 0] + m[0] * at[0] + m[1] * at[1] + m[2] * at[2]
        py = xpos[b, 1] + m[3] * at[0] + m[4] * at[1] + m[5] * at[2]
        pz = xpos[b, 2] + m[6] * at[0] + m[7] * at[1] + m[8] * at[2]
        if pz - block_radius[k] > 1.0 + waves:
            continue
        h, hx, hy, fx, fy, fz = wave_motion(px, py, seconds, waves)
        wide = footprint(block_volume[k], block_radius[k])
        r, rx, ry, up = feel(field, rise, px, py, wide)
        ambient_x, ambient_y = hx, hy
        h, hx, hy, fz = h + r, hx + rx, hy + ry, fz + up
        if pz - block_radius[k] > h:
            continue
        # A plane of water: z < h + hx (x - px) + hy (y - py), in the frame of the body.
        nx = m[6] - hx * m[0] - hy * m[3]
        ny = m[7] - hx * m[1] - hy * m[4]
        nz = m[8] - hx * m[2] - hy * m[5]
        t = block_turn[k]
        reach = 0.0
        for axis in range(3):
            reach += cell_half[k, axis] * abs(t[0, axis] * nx + t[1, axis] * ny + t[2, axis] * nz)
        level = h - pz
        volume, cx, cy, cz, potential, plane = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for c in range(first[k], first[k + 1]):
            dx, dy, dz = cells[c, 0] - at[0], cells[c, 1] - at[1], cells[c, 2] - at[2]
            depth = level - (nx * dx + ny * dy + nz * dz)
            if depth <= -reach:
                continue
            share, middle = 1.0, depth
            if depth < reach:
                share = 0.5 * (depth + reach) / reach
                middle = 0.5 * (depth + reach)  # of what is under water
                plane += 0.5 * cell_volume[c] / reach
            v = share * cell_volume[c]
            sunk = (1.0 - share) * reach  # its centre is lower by so much
            volume += v
            cx += v * (dx - sunk * nx)
            cy += v * (dy - sunk * ny)
            cz += v * (dz - sunk * nz)
            potential += v * middle
        if volume <= 0.0:
            continue
        cx, cy, cz = cx / volume, cy / volume, cz / volume
        energy += WATER_DENSITY * gravity * potential
        # The centre of what is under water, in the world, and from the centre of mass.
        wx = px + m[0] * cx + m[1] * cy + m[2] * cz
        wy = py + m[3] * cx + m[4] * cy + m[5] * cz
        wz = pz + m[6] * cx + m[7] * cy + m[8] * cz
        ax, ay, az = wx - xipos[b, 0], wy - xipos[b, 1], wz - xipos[b, 2]
        deep = max(0.0, h - wz)
        fade = math.exp(-deep / (0.2 + waves))
        weight = WATER_DENSITY * gravity * volume
        share = volume / block_volume[k]
        across = 0.0  # squared, of all of it
        for axis in range(3):
            upright = t[0, axis] * m[6] + t[1, axis] * m[7] + t[2, axis] * m[8]
            across += (block_area[k, axis] * upright) ** 2
        # What is flat carries half of all it can along as soon as it lies on the water.
        held = max(share, 0.5 * min(1.0, plane / math.sqrt(across)) ** 1.5)
        vx, vy, vz = 0.0, 0.0, 0.0  # kg that move along
        for axis in range(3):
            # The axis of the part in the world.
            ex = m[0] * t[0, axis] + m[1] * t[1, axis] + m[2] * t[2, axis]
            ey = m[3] * t[0, axis] + m[4] * t[1, axis] + m[5] * t[2, axis]
            ez = m[6] * t[0, axis] + m[7] * t[1, axis] + m[8] * t[2, axis]
            along = WATER_DENSITY * block_added[k, axis] * held
            vx += along * ex * ex
            vy += along * ey * ey
            vz += along * ez * ez
        origin = xpos[root[b]]
        sx, sy, sz = wx - origin[0], wy - origin[1], wz - origin[2]
        carried[b, 6] += held * block_volume[k]
        carried[b, 0] += vx
        carried[b, 1] += vy
        carried[b, 2] += vz
        carried[b, 3] += vz * sy * sy + vy * sz * sz
        carried[b, 4] += vz * sx * sx + vx * sz * sz
        carried[b, 5] += vy * sx * sx + vx * sy * sy
        # A slope of the waves gives the water, and what moves along with it, an acceleration.
        bx, by, bz = -fade * hx * weight, -fade * hy * weight, weight
        slope[b, 0] += bx
        slope[b, 1] += by
        lift[b, 0] -= fade * ambient_x * gravity * vx
        lift[b, 1] -= fade * ambient_y * gravity * vy
        lift[b, 2] += bz
        torque[b, 0] += ay * bz - az * by
        torque[b, 1] += az * bx - ax * bz
        torque[b, 2] += ax * by - ay * bx
        # Drag, by the speed of this piece through the water.
        ox, oy, oz = cvel[b, 0], cvel[b, 1], cvel[b, 2]
        com = subtree_com[root[b]]
        qx, qy, qz = wx - com[0], wy - com[1], wz - com[2]
        ux = cvel[b, 3] + oy * qz - oz * qy - fx * fade
        uy = cvel[b, 4] + oz * qx - ox * qz - fy * fade
        uz = cvel[b, 5] + ox * qy - oy * qx - fz * fade
        size = math.sqrt(ux * ux + uy * uy + uz * uz)
        near = math.exp(-deep / (2.0 * block_radius[k]))
        displaced = WATER_DENSITY * volume
        gx = -displaced * SWAY_DAMPING * ux
        gy = -displaced * SWAY_DAMPING * uy
        gz = -(displaced * HEAVE_DAMPING + vz * WAVE_DAMPING) * near * uz
        stiff = displaced * HEAVE_DAMPING + vz * WAVE_DAMPING
        for axis in range(3):
            # The axis of the part in the world.
            ex = m[0] * t[0, axis] + m[1] * t[1, axis] + m[2] * t[2, axis]
            ey = m[3] * t[0, axis] + m[4] * t[1, axis] + m[5] * t[2, axis]
            ez = m[6] * t[0, axis] + m[7] * t[1, axis] + m[8] * t[2, axis]
            rate = 0.5 * WATER_DENSITY * block_drag[k, axis] * share * size
            along = ux * ex + uy * ey + uz * ez
            gx -= rate * along * ex
            gy -= rate * along * ey
            gz -= rate * along * ez
            stiff = max(stiff, rate)
        drag[b, 0] += gx
        drag[b, 1] += gy
        drag[b, 2] += gz
        grip[b] += stiff
        spin = math.sqrt(ox * ox + oy * oy + oz * oz)
        turning = displaced * block_radius[k] ** 2 * 0.3 * (TURN_DAMPING + TURN_DRAG * spin)
        drag_torque[b, 0] += ay * gz - az * gy - turning * ox
        drag_torque[b, 1] += az * gx - ax * gz - turning * oy
        drag_torque[b, 2] += ax * gy - ay * gx - turning * oz
        turn_grip[b] += turning + stiff * (ax * ax + ay * ay + az * az)
        # What it displaces of the water without its own waves: only its motion makes more.
        calm_volume = min(max(volume - plane * r, 0.0), block_volume[k])
        wet[k, 0], wet[k, 1], wet[k, 2], wet[k, 3], wet[k, 4] = volume, wx, wy, calm_volume, deep
        push[b, 3] += volume * ux
        push[b, 4] += volume * uy
        push[b, 5] += volume * uz
        push[b, 6] += volume
        push[b, 7] = h
    for b in range(1, bodies):
        if push[b, 6] <= 0.0 or mass[b] <= 0.0:
            continue
        # Water that begins to move along takes its momentum from the body: the slam of an entry.
        grown = (
            max(0.0, carried[b, 6] - before[b, 6]) / carried[b, 6] if before[b, 6] >= 0.0 else 0.0
        )
        is_alone = hold[b, 2] == 1 and hold[b, 0] >= 0
        least = max(min(inertia[b, 0], inertia[b, 1], inertia[b, 2]), 1e-9)
        light = least + (min(before[b, 3], before[b, 4], before[b, 5]) if is_alone else 0.0)
        turn_calm = 1.0 / (1.0 + step * turn_grip[b] / light)
        # What is light and held under is carried along by no more than the water itself is.
        pulled = min(1.0, mass[b] / (WATER_DENSITY * push[b, 6]))
        for axis in range(3):
            whole = mass[b] + (before[b, axis] if is_alone else 0.0)
            calm = 1.0 / (1.0 + step * grip[b] / whole)
            seized = grown * carried[b, axis]
            push[b, axis + 3] /= push[b, 6]
            slam = -push[b, axis + 3] * seized / step * whole / (whole + seized)
            push[b, axis] = calm * drag[b, axis] + slam
            applied[b, axis] += lift[b, axis] + pulled * slope[b, axis] + push[b, axis]
            whole = least + (before[b, 3 + axis] if is_alone else 0.0)
            seized = grown * carried[b, 3 + axis]
            slam = -cvel[b, axis] * seized / step * whole / (whole + seized)
            applied[b, axis + 3] += torque[b, axis] + turn_calm * drag_torque[b, axis] + slam
    _weigh(root, hold, carried, xmat, armature)
    return energy


@numba.njit(cache=True)
def _weigh(root, hold, carried, xmat, armature):
    """Give the root of every tree the inertia of the water that moves with all of the tree."""
    for b in range(root.shape[0]):
        at, count = hold[b, 0], hold[b, 1]
        if root[b] == b and at >= 0:
            armature[at : at + count] = 0.0
    for b in range(root.shape[0]):
        at, count = hold[b, 0], hold[b, 1]
        if at < 0:
            continue
        if count == 6:
            m = xmat[root[b]]
            for axis in range(3):
                armature[at + axis] += carried[b, axis]
                for way in range(3):  # a free joint turns about the axes of the body
                    armature[at + 3 + axis] += m[3 * way + axis] ** 2 * carried[b, 3 + way]
        else:  # slides along the body's first axes, and a turn about the vertical
            across = 0.5 * (carried[b, 0] + carried[b, 1])
            armature[at] += across
            armature[at + 1] += across
            armature[at + 2] += carried[b, 2]
            armature[at + 3] += carried[b, 5]
