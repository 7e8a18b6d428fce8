"""The error-correcting code under the invisible mark: 64 bits in, 172 noisy soft values out.

A CRC-16 (CCITT, x^16 + x^12 + x^5 + 1) tells a decoded id from noise; the rate-1/2 convolutional
code with constraint length 7 and generators 171, 133 (octal; the one of CCSDS 131.0-B) repairs it.
"""

import binascii
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

ID_BITS = 64
CRC_BITS = 16
_MEMORY = 6
_STATES = 1 << _MEMORY
_GENERATORS = (0o171, 0o133)
_MESSAGE_BITS = ID_BITS + CRC_BITS
CODE_BITS = 2 * (_MESSAGE_BITS + _MEMORY)

Signs: TypeAlias = NDArray[np.float64]


def encode(mark_id: int) -> Signs:
    """Turn an id into `CODE_BITS` signs (+1 or -1).

    Raises:
        ValueError: the id is no unsigned 64-bit number.
    """
    if not 0 <= mark_id < 1 << ID_BITS:
        raise ValueError(f"a mark id is an unsigned 64-bit number, not {mark_id}")
    message = mark_id << CRC_BITS | _crc(mark_id)
    bits = [message >> shift & 1 for shift in reversed(range(_MESSAGE_BITS))] + [0] * _MEMORY
    outputs, _ = _trellis()
    signs = np.empty(CODE_BITS)
    state = 0
    for step, bit in enumerate(bits):
        register = bit << _MEMORY | state
        signs[2 * step : 2 * step + 2] = outputs[register]
        state = register >> 1
    return signs


def decode(soft: NDArray[np.floating]) -> int | None:
    """Find the most likely id behind `CODE_BITS` soft values by the Viterbi algorithm.

    Returns:
        The id, or None when the CRC says that the most likely message is not one of ours.
    """
    outputs, predecessors = _trellis()
    metric = np.full(_STATES, -np.inf)
    metric[0] = 0.0
    choices = np.empty((_MESSAGE_BITS + _MEMORY, _STATES), dtype=np.uint8)
    for step in range(_MESSAGE_BITS + _MEMORY):
        gains = outputs @ soft[2 * step : 2 * step + 2]
        arriving = (metric[:, None] + gains.reshape(2, _STATES).T).T.reshape(-1)[predecessors]
        choices[step] = arriving.argmax(axis=1)
        metric = arriving.max(axis=1)
    state = 0
    message = 0
    for step in reversed(range(_MESSAGE_BITS + _MEMORY)):
        register = predecessors[state, choices[step, state]]
        if step < _MESSAGE_BITS:
            message |= int(register >> _MEMORY) << (_MESSAGE_BITS - 1 - step)
        state = register & (_STATES - 1)
    mark_id, crc = message >> CRC_BITS, message & (1 << CRC_BITS) - 1
    return mark_id if crc == _crc(mark_id) else None


def _crc(mark_id: int) -> int:
    return binascii.crc_hqx(mark_id.to_bytes(ID_BITS // 8, "big"), 0xFFFF)


@cache
def _trellis() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Output signs of each 7-bit register, and the two registers that lead to each state."""
    registers = range(2 * _STATES)
    outputs = np.array(
        [[1.0 - 2.0 * ((r & g).bit_count() & 1) for g in _GENERATORS] for r in registers]
    )
    predecessors = np.array([[2 * state, 2 * state + 1] for state in range(_STATES)])
    return outputs, predecessors
